// The runtime unloads its plug-in at the end, and the leak check then can no longer tell whose
// memory it sees. Pinned in memory, the plug-in keeps its name for lsan.supp.
#include <dlfcn.h>

static const void *const pinned =
    dlopen("libmsplugin-ge-litert_python.so", RTLD_LAZY | RTLD_NODELETE);

extern const void *const *pinned_runtime();
const void *const *pinned_runtime() { return &pinned; }
