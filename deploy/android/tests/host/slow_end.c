/* Preloaded, this makes every program take longer to end. The JVM does after the destructors of its
 * libraries have run, while threads inside native code run on. And so do the programs that MindSpore
 * Lite asks for the processor's frequency when a model is opened: opening then takes longer than the
 * 0.3 s that a JVM waits by itself for threads inside native code.
 */
#include <stdlib.h>
#include <unistd.h>

static void wait_a_little(void) { (void)usleep(200000); }

__attribute__((constructor)) static void start(void) { (void)atexit(wait_a_little); }
