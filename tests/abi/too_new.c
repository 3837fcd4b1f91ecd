/* A plugin that finds every host too old. */
#include <dispytch/plugin/abi.h>

const dispytch_plugin* dispytch_plugin_v1(uint32_t host_abi_minor) {
  (void)host_abi_minor;
  return NULL;
}
