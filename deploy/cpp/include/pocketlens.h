/* pocketlens: one photo in, the best classes out, with a model that export.py wrote.
 *
 *     #include "pocketlens.h"
 *
 *     pl_classifier *lens = NULL;
 *     if (pl_open("export/model.ms", NULL, NULL, &lens) != PL_OK) {   // spec.json lies beside it
 *         fprintf(stderr, "%s\n", pl_last_error());
 *         return 1;
 *     }
 *     pl_result best[3];
 *     int32_t count = 0;
 *     if (pl_classify_image(lens, jpeg, jpeg_bytes, best, 3, &count) == PL_OK) {
 *         for (int32_t i = 0; i < count; i++) {
 *             printf("%s %s %.3f\n", best[i].label.name, best[i].label.en, best[i].score);
 *         }
 *     }
 *     pl_free(lens);
 *
 * Ownership. pl_open and pl_open_memory give a classifier that the caller ends with pl_free. What
 * is passed in (paths, bytes, pixels, arrays) stays the caller's and is not kept after the call.
 * Strings that come back belong to the library: those of a label live as long as the classifier,
 * that of pl_last_error until the next failing call of the same thread. All text is UTF-8.
 *
 * Threads. A classifier is used by one thread at a time (not always the same one); two classifiers
 * may work at the same time. pl_last_error is separate for each thread.
 *
 * Failure. Every function that can fail returns a pl_status and leaves a sentence in
 * pl_last_error. Results are written on PL_OK only. A classifier stays usable after a failed call.
 */
#ifndef POCKETLENS_H
#define POCKETLENS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define PL_API __attribute__((visibility("default")))
#else
#define PL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A loaded model with its description. */
typedef struct pl_classifier pl_classifier;

typedef enum pl_status {
  PL_OK = 0,
  PL_BAD_ARGUMENT = 1,    /* a null pointer, or a value outside its stated range */
  PL_FILE_ERROR = 2,      /* a file is missing or cannot be read */
  PL_BAD_SPEC = 3,        /* spec.json breaks a rule; the message names the key */
  PL_MODEL_MISMATCH = 4,  /* the model is not the file that spec.json describes */
  PL_MODEL_ERROR = 5,     /* MindSpore Lite refused the model or a prediction */
  PL_BAD_IMAGE = 6,       /* neither JPEG nor PNG, cut short or damaged */
  PL_IMAGE_TOO_LARGE = 7, /* above PL_MAX_PIXELS or PL_MAX_SIDE */
  PL_OUT_OF_MEMORY = 8,
  PL_UNSUPPORTED = 9, /* built without JPEG and PNG: pass pixels */
  PL_INTERNAL_ERROR = 10
} pl_status;

/* Largest accepted photo: width times height, and each of them. */
#define PL_MAX_PIXELS 100000000
#define PL_MAX_SIDE 1000000

/* Which cores of a phone the threads prefer. */
typedef enum pl_affinity {
  PL_AFFINITY_NONE = 0,
  PL_AFFINITY_BIG = 1,
  PL_AFFINITY_LITTLE = 2
} pl_affinity;

typedef struct pl_options {
  int32_t threads;  /* 1..64; 2 by default */
  int32_t affinity; /* a pl_affinity; PL_AFFINITY_NONE by default */
  int32_t fp16;     /* 1: half precision where the processor can (ARMv8.2); 0 by default */
} pl_options;

/* Channels in memory order, one byte each. */
typedef enum pl_format {
  PL_RGB = 0,
  PL_BGR = 1,
  PL_RGBA = 2,              /* straight alpha; laid on white */
  PL_RGBA_PREMULTIPLIED = 3 /* as android.graphics.Bitmap holds ARGB_8888; laid on white */
} pl_format;

typedef struct pl_pixels {
  const uint8_t *data; /* first byte of the top row */
  int32_t width;       /* pixels, 1 or more */
  int32_t height;
  size_t stride;       /* bytes from one row to the next, at least width * bytes per pixel */
  int32_t format;      /* a pl_format */
  int32_t orientation; /* how to turn it upright, as EXIF numbers it: 1..8; 0 means 1 */
} pl_pixels;

/* Names of a class. A name that spec.json does not give is "", never NULL. */
typedef struct pl_label {
  const char *name; /* the class, as in spec.json `classes` */
  const char *en;
  const char *zh;
  const char *group_en;
  const char *group_zh;
} pl_label;

typedef struct pl_result {
  int32_t index; /* of the class */
  float score;   /* probability, 0..1; of logits by softmax after the division by spec.json's
                  * calibration.temperature */
  pl_label label;
} pl_result;

/* Milliseconds. Those of a step that did not run are 0. */
typedef struct pl_times {
  double load;      /* opening this classifier: read, check, build */
  double decode;    /* of the last call: JPEG or PNG to pixels */
  double prepare;   /* of the last call: pixels to the input tensor */
  double inference; /* of the last call: input tensor to raw outputs */
} pl_times;

typedef enum pl_layout { PL_NCHW = 0, PL_NHWC = 1 } pl_layout;

typedef struct pl_info {
  int32_t classes;       /* number of classes = raw outputs */
  int32_t height;        /* of the input tensor, pixels; its batch is 1, its channels are 3 (RGB) */
  int32_t width;
  int32_t layout;        /* of the input tensor, a pl_layout */
  int32_t probabilities; /* 1: raw outputs are probabilities; 0: logits */
  size_t tensor_values;  /* floats of the input tensor: 3 * height * width */
  size_t model_bytes;    /* size of the model file */
} pl_info;

/* Version of the library, "major.minor.patch". */
PL_API const char *pl_version(void);

/* Name of a status ("PL_BAD_IMAGE"); "?" for a number that is none. */
PL_API const char *pl_status_name(pl_status status);

/* What went wrong in this thread's last failing call; "" when none failed. */
PL_API const char *pl_last_error(void);

/* The options that NULL stands for. */
PL_API pl_options pl_default_options(void);

/* Opens a model file. `spec_path` NULL means spec.json in the model's folder. The file must be one
 * of those listed in spec.json: size and SHA-256 are compared before the runtime sees it, then the
 * runtime's tensors with spec.json. `*classifier` is NULL after a failure. */
PL_API pl_status pl_open(const char *model_path, const char *spec_path, const pl_options *options,
                         pl_classifier **classifier);

/* The same from memory: the bytes of a model file and of its spec.json. */
PL_API pl_status pl_open_memory(const void *model, size_t model_bytes, const char *spec_json,
                                size_t spec_bytes, const pl_options *options,
                                pl_classifier **classifier);

/* Ends a classifier; NULL is allowed. */
PL_API void pl_free(pl_classifier *classifier);

PL_API pl_status pl_get_info(const pl_classifier *classifier, pl_info *info);

/* The score from which on an answer is to be relied on, 0..1, as training chose it for a wanted
 * precision; where the best result's score is below it, say "not sure". 0: every answer counts. */
PL_API pl_status pl_get_threshold(const pl_classifier *classifier, float *threshold);

/* Names of class `index`, 0 .. classes - 1. */
PL_API pl_status pl_get_label(const pl_classifier *classifier, int32_t index, pl_label *label);

/* Classifies pixels. Writes the min(capacity, classes) best results, best first, and their number;
 * of equal scores the lower index comes first. `capacity` is 1 or more. */
PL_API pl_status pl_classify_pixels(pl_classifier *classifier, const pl_pixels *pixels,
                                    pl_result *results, int32_t capacity, int32_t *count);

/* The same for the bytes of a JPEG or PNG file; its EXIF orientation is applied. */
PL_API pl_status pl_classify_image(pl_classifier *classifier, const void *bytes, size_t size,
                                   pl_result *results, int32_t capacity, int32_t *count);

/* Probabilities of all classes from the last successful pl_classify_*, in class order.
 * `count` must be the number of classes. */
PL_API pl_status pl_get_scores(const pl_classifier *classifier, float *scores, int32_t count);

/* Only the first half of pl_classify_*: the normalised input tensor in the model's layout.
 * `count` must be pl_info.tensor_values. */
PL_API pl_status pl_prepare_pixels(pl_classifier *classifier, const pl_pixels *pixels,
                                   float *tensor, size_t count);
PL_API pl_status pl_prepare_image(pl_classifier *classifier, const void *bytes, size_t size,
                                  float *tensor, size_t count);

/* Only the second half: an input tensor in, the model's raw outputs out (logits or probabilities,
 * see pl_info). The counts must be pl_info.tensor_values and the number of classes. */
PL_API pl_status pl_run(pl_classifier *classifier, const float *tensor, size_t tensor_count,
                        float *outputs, size_t output_count);

PL_API pl_status pl_get_times(const pl_classifier *classifier, pl_times *times);

#ifdef __cplusplus
}
#endif

#endif /* POCKETLENS_H */
