/* A plugin of a version of the border that isn't there yet. */
const void* dispytch_plugin_v2(unsigned host_abi_minor);
const void* dispytch_plugin_v2(unsigned host_abi_minor) {
  (void)host_abi_minor;
  return 0;
}
