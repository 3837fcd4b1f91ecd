// expect: dispytch: emit_all() needs a range of events described by DISPYTCH_EVENT, or of OutgoingMessage
#include <dispytch/emitter.hpp>

#include <vector>

void emit(dispytch::EventEmitter& out) { (void)out.emit_all(std::vector<int>{1}); }
