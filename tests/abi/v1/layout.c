/* The frozen header has the frozen layout. */
#include "abi.h"

#define HOLDS(name, condition) typedef char name[(condition) ? 1 : -1];
#define SIZE(type, bytes) HOLDS(type##_in_all, sizeof(type) == (bytes))
#define FIELD(type, field, at, bytes) HOLDS(type##_##field, offsetof(type, field) == (at) && sizeof(((type*)0)->field) == (bytes))
#define RENAMED(type, field, since, at, bytes) FIELD(type, field, at, bytes)
#include "layout.inc"

int dispytch_v1_has_its_layout(void);
int dispytch_v1_has_its_layout(void) { return 1; }
