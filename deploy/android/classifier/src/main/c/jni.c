/* The native half of org.pocketlens.NativeLens: pocketlens.h seen from Java, nothing more.
 *
 * Every failure becomes a Java exception; arguments were checked in Java. Text crosses the border
 * as UTF-8 bytes, because JNI's own strings hold another encoding.
 */
#include <android/bitmap.h>
#include <jni.h>
#include <stdint.h>
#include <stdlib.h>

#include "pocketlens.h"
#include "support.h"

static pl_classifier *lens_of(jlong handle) { return (pl_classifier *)(intptr_t)handle; }

static pl_options options_of(jint threads, jint affinity, jboolean fp16) {
  pl_options options = pl_default_options();
  options.threads = threads;
  options.affinity = affinity;
  options.fp16 = fp16 ? 1 : 0;
  return options;
}

static jstring version(JNIEnv *env, jclass type) {
  (void)type;
  return java_text(env, pl_version());
}

/* Paths end in a zero byte; `spec_path` may be null. */
static jlong open_files(JNIEnv *env, jclass type, jbyteArray model_path, jbyteArray spec_path,
                        jint threads, jint affinity, jboolean fp16) {
  (void)type;
  const pl_options options = options_of(threads, affinity, fp16);
  pl_classifier *lens = NULL;
  jbyte *model = (*env)->GetByteArrayElements(env, model_path, NULL);
  if (model == NULL) return 0;
  jbyte *spec = spec_path == NULL ? NULL : (*env)->GetByteArrayElements(env, spec_path, NULL);
  if (spec_path == NULL || spec != NULL) {
    const pl_status status = pl_open((const char *)model, (const char *)spec, &options, &lens);
    if (spec != NULL) (*env)->ReleaseByteArrayElements(env, spec_path, spec, JNI_ABORT);
    (void)succeeded(env, status);
  }
  (*env)->ReleaseByteArrayElements(env, model_path, model, JNI_ABORT);
  return (jlong)(intptr_t)lens;
}

static jlong open_memory(JNIEnv *env, jclass type, jobject model, jbyteArray spec_json,
                         jint threads, jint affinity, jboolean fp16) {
  (void)type;
  const pl_options options = options_of(threads, affinity, fp16);
  pl_classifier *lens = NULL;
  const void *data = (*env)->GetDirectBufferAddress(env, model);
  const jlong size = (*env)->GetDirectBufferCapacity(env, model);
  jbyte *spec = (*env)->GetByteArrayElements(env, spec_json, NULL);
  if (spec == NULL) return 0;
  const jsize spec_size = (*env)->GetArrayLength(env, spec_json);
  const pl_status status = pl_open_memory(data, data == NULL ? 0 : (size_t)size,
                                          (const char *)spec, (size_t)spec_size, &options, &lens);
  (*env)->ReleaseByteArrayElements(env, spec_json, spec, JNI_ABORT);
  (void)succeeded(env, status);
  return (jlong)(intptr_t)lens;
}

static void close_lens(JNIEnv *env, jclass type, jlong handle) {
  (void)env;
  (void)type;
  pl_free(lens_of(handle));
}

/* classes, height, width, bytes of the model */
static void info(JNIEnv *env, jclass type, jlong handle, jlongArray values) {
  (void)type;
  pl_info got;
  if (!succeeded(env, pl_get_info(lens_of(handle), &got))) return;
  const jlong numbers[4] = {got.classes, got.height, got.width, (jlong)got.model_bytes};
  (*env)->SetLongArrayRegion(env, values, 0, 4, numbers);
}

/* The score below which the model is not sure. */
static jfloat threshold(JNIEnv *env, jclass type, jlong handle) {
  (void)type;
  float got = 0;
  (void)succeeded(env, pl_get_threshold(lens_of(handle), &got));
  return got;
}

/* name, en, zh, group_en, group_zh */
static void label(JNIEnv *env, jclass type, jlong handle, jint index, jobjectArray texts) {
  (void)type;
  pl_label got;
  if (!succeeded(env, pl_get_label(lens_of(handle), index, &got))) return;
  const char *all[5] = {got.name, got.en, got.zh, got.group_en, got.group_zh};
  for (jsize i = 0; i < 5; i++) {
    jstring text = java_text(env, all[i]);
    if (text == NULL) return;
    (*env)->SetObjectArrayElement(env, texts, i, text);
    (*env)->DeleteLocalRef(env, text);
  }
}

/* load, decode, prepare, inference in milliseconds */
static void times(JNIEnv *env, jclass type, jlong handle, jdoubleArray values) {
  (void)type;
  pl_times got;
  if (!succeeded(env, pl_get_times(lens_of(handle), &got))) return;
  const jdouble numbers[4] = {got.load, got.decode, got.prepare, got.inference};
  (*env)->SetDoubleArrayRegion(env, values, 0, 4, numbers);
}

static void scores(JNIEnv *env, jclass type, jlong handle, jfloatArray values) {
  (void)type;
  const jsize count = (*env)->GetArrayLength(env, values);
  float *all = allocate(env, count, sizeof *all);
  if (all == NULL) return;
  if (succeeded(env, pl_get_scores(lens_of(handle), all, count))) {
    (*env)->SetFloatArrayRegion(env, values, 0, count, all);
  }
  free(all);
}

/* Hands `found` results over, if the call went well, and frees them. The arrays have one length. */
static jint deliver(JNIEnv *env, pl_status status, pl_result *results, int32_t found,
                    jintArray indices, jfloatArray values) {
  if (succeeded(env, status)) {
    for (int32_t i = 0; i < found; i++) {
      const jint index = results[i].index;
      const jfloat score = results[i].score;
      (*env)->SetIntArrayRegion(env, indices, i, 1, &index);
      (*env)->SetFloatArrayRegion(env, values, i, 1, &score);
    }
  }
  free(results);
  return found;
}

static pl_pixels pixels_of(const void *data, jint width, jint height, jint stride, jint format,
                           jint orientation) {
  const pl_pixels pixels = {data, width, height, (size_t)stride, format, orientation};
  return pixels;
}

/* The bytes are `pixels`, whose `data` is set here, or an encoded image where that is NULL. */
static jint classify_bytes(JNIEnv *env, jlong handle, jbyteArray data, pl_pixels *pixels,
                           jintArray indices, jfloatArray values) {
  const jsize capacity = (*env)->GetArrayLength(env, indices);
  pl_result *results = allocate(env, capacity, sizeof *results);
  if (results == NULL) return 0;
  jbyte *bytes = (*env)->GetByteArrayElements(env, data, NULL);
  if (bytes == NULL) {
    free(results);
    return 0;
  }
  int32_t found = 0;
  pl_status status;
  if (pixels != NULL) {
    pixels->data = (const uint8_t *)bytes;
    status = pl_classify_pixels(lens_of(handle), pixels, results, capacity, &found);
  } else {
    const size_t size = (size_t)(*env)->GetArrayLength(env, data);
    status = pl_classify_image(lens_of(handle), bytes, size, results, capacity, &found);
  }
  (*env)->ReleaseByteArrayElements(env, data, bytes, JNI_ABORT);
  return deliver(env, status, results, found, indices, values);
}

static jint classify_array(JNIEnv *env, jclass type, jlong handle, jbyteArray data, jint width,
                           jint height, jint stride, jint format, jint orientation,
                           jintArray indices, jfloatArray values) {
  (void)type;
  pl_pixels pixels = pixels_of(NULL, width, height, stride, format, orientation);
  return classify_bytes(env, handle, data, &pixels, indices, values);
}

static jint classify_image(JNIEnv *env, jclass type, jlong handle, jbyteArray file,
                           jintArray indices, jfloatArray values) {
  (void)type;
  return classify_bytes(env, handle, file, NULL, indices, values);
}

static jint classify_buffer(JNIEnv *env, jclass type, jlong handle, jobject data, jint width,
                            jint height, jint stride, jint format, jint orientation,
                            jintArray indices, jfloatArray values) {
  (void)type;
  const jsize capacity = (*env)->GetArrayLength(env, indices);
  pl_result *results = allocate(env, capacity, sizeof *results);
  if (results == NULL) return 0;
  const pl_pixels pixels = pixels_of((*env)->GetDirectBufferAddress(env, data), width, height,
                                     stride, format, orientation);
  int32_t found = 0;
  const pl_status status =
      pl_classify_pixels(lens_of(handle), &pixels, results, capacity, &found);
  return deliver(env, status, results, found, indices, values);
}

static jint classify_bitmap(JNIEnv *env, jclass type, jlong handle, jobject bitmap,
                            jboolean premultiplied, jint orientation, jintArray indices,
                            jfloatArray values) {
  (void)type;
  AndroidBitmapInfo layout;
  void *data = NULL;
  if (AndroidBitmap_getInfo(env, bitmap, &layout) != ANDROID_BITMAP_RESULT_SUCCESS) {
    throw_named(env, "java/lang/IllegalArgumentException", "the bitmap cannot be read");
    return 0;
  }
  if (layout.format != ANDROID_BITMAP_FORMAT_RGBA_8888) {
    throw_named(env, "java/lang/IllegalArgumentException",
                "the bitmap's configuration must be ARGB_8888");
    return 0;
  }
  const jsize capacity = (*env)->GetArrayLength(env, indices);
  pl_result *results = allocate(env, capacity, sizeof *results);
  if (results == NULL) return 0;
  if (AndroidBitmap_lockPixels(env, bitmap, &data) != ANDROID_BITMAP_RESULT_SUCCESS) {
    free(results);
    throw_named(env, "java/lang/IllegalArgumentException",
                "the bitmap's pixels cannot be read: it is recycled or of the hardware kind");
    return 0;
  }
  const pl_format format = premultiplied ? PL_RGBA_PREMULTIPLIED : PL_RGBA;
  const pl_pixels pixels = pixels_of(data, (jint)layout.width, (jint)layout.height,
                                     (jint)layout.stride, (jint)format, orientation);
  int32_t found = 0;
  const pl_status status =
      pl_classify_pixels(lens_of(handle), &pixels, results, capacity, &found);
  (void)AndroidBitmap_unlockPixels(env, bitmap);
  return deliver(env, status, results, found, indices, values);
}

#define BYTES "[B"
#define RESULTS "[I[F"
static const JNINativeMethod methods[] = {
    {"version", "()Ljava/lang/String;", (void *)version},
    {"openFiles", "(" BYTES BYTES "IIZ)J", (void *)open_files},
    {"openMemory", "(Ljava/nio/ByteBuffer;" BYTES "IIZ)J", (void *)open_memory},
    {"close", "(J)V", (void *)close_lens},
    {"info", "(J[J)V", (void *)info},
    {"threshold", "(J)F", (void *)threshold},
    {"label", "(JI[Ljava/lang/String;)V", (void *)label},
    {"times", "(J[D)V", (void *)times},
    {"scores", "(J[F)V", (void *)scores},
    {"classifyArray", "(J" BYTES "IIIII" RESULTS ")I", (void *)classify_array},
    {"classifyBuffer", "(JLjava/nio/ByteBuffer;IIIII" RESULTS ")I", (void *)classify_buffer},
    {"classifyImage", "(J" BYTES RESULTS ")I", (void *)classify_image},
    {"classifyBitmap", "(JLandroid/graphics/Bitmap;ZI" RESULTS ")I", (void *)classify_bitmap},
};

/* A failure leaves its exception to System.loadLibrary. */
JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved) {
  (void)reserved;
  JNIEnv *env = NULL;
  if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_6) != JNI_OK) return JNI_ERR;
  if (!support_start(env)) return JNI_ERR;
  jclass lens = (*env)->FindClass(env, "org/pocketlens/NativeLens");
  if (lens == NULL) return JNI_ERR;
  const jint count = (jint)(sizeof methods / sizeof *methods);
  return (*env)->RegisterNatives(env, lens, methods, count) == JNI_OK ? JNI_VERSION_1_6 : JNI_ERR;
}
