// expect: dispytch: emit() needs an event described by DISPYTCH_EVENT
#include <dispytch/context.hpp>

struct Plain {};

void emit(dispytch::Context context, const dispytch::EventEmitter& out) { context.emit(out, Plain{}); }
