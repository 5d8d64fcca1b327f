/* The header is C99, and its functions answer wrong calls without a model. */
#include <stdio.h>
#include <string.h>

#include "pocketlens.h"

static int failures = 0;

static void check(int condition, const char *what) {
  if (!condition) {
    printf("failed: %s\n", what);
    failures++;
  }
}

int main(void) {
  pl_classifier *lens = NULL;
  pl_options options = pl_default_options();
  pl_info info;
  float threshold;
  check(options.threads == 2 && options.affinity == PL_AFFINITY_NONE && options.fp16 == 0,
        "default options");
  check(strcmp(pl_version(), "1.1.0") == 0, "version");
  check(strcmp(pl_status_name(PL_BAD_IMAGE), "PL_BAD_IMAGE") == 0, "name of a status");
  check(strcmp(pl_status_name((pl_status)99), "?") == 0, "name of no status");
  check(strcmp(pl_last_error(), "") == 0, "no error yet");
  check(pl_open("/no/such/model.ms", NULL, NULL, &lens) == PL_FILE_ERROR, "missing file");
  check(strstr(pl_last_error(), "/no/such/spec.json") != NULL, "message names the file");
  check(lens == NULL, "no classifier after a failure");
  check(pl_open(NULL, NULL, NULL, &lens) == PL_BAD_ARGUMENT, "NULL path");
  options.threads = 0;
  check(pl_open("model.ms", NULL, &options, &lens) == PL_BAD_ARGUMENT, "no threads");
  check(pl_get_info(NULL, &info) == PL_BAD_ARGUMENT, "NULL classifier");
  check(pl_get_threshold(NULL, &threshold) == PL_BAD_ARGUMENT, "threshold of NULL");
  pl_free(NULL);
  return failures == 0 ? 0 : 1;
}
