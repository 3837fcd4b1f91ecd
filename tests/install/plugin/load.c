/* Loads a plugin as any host does and prints "<id> <version>". */
#include <dlfcn.h>
#include <stdio.h>

#include <dispytch/plugin/abi.h>

typedef const dispytch_plugin* entry_function(uint32_t host_abi_minor);

int main(int argc, char** argv) {
  void* library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  entry_function* entry;
  if (library == NULL) {
    fprintf(stderr, "usage: load PLUGIN\n%s\n", argc == 2 ? dlerror() : "");
    return 1;
  }
  *(void**)&entry = dlsym(library, "dispytch_plugin_v1");
  if (entry == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  printf("%s %s\n", entry(DISPYTCH_ABI_MINOR)->id, entry(DISPYTCH_ABI_MINOR)->version);
  return 0;
}
