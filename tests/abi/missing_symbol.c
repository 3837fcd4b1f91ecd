/* A plugin that was built against a client library which this machine hasn't got. */
#include <dispytch/plugin/abi.h>

int dispytch_test_no_such_client_open(void);

const dispytch_plugin* dispytch_plugin_v1(uint32_t host_abi_minor) {
  (void)host_abi_minor;
  dispytch_test_no_such_client_open();
  return NULL;
}
