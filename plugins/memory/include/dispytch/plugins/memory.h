/* The memory backend linked into a program: the table that memory.so exports as dispytch_plugin_v1. */
#ifndef DISPYTCH_PLUGINS_MEMORY_H
#define DISPYTCH_PLUGINS_MEMORY_H

#include <dispytch/plugin/abi.h>

#ifdef __cplusplus
extern "C" {
#endif
const dispytch_plugin* dispytch_memory_plugin(uint32_t host_abi_minor) DISPYTCH_NOEXCEPT;
#ifdef __cplusplus
}
#endif
#endif
