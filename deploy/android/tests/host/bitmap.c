/* android/bitmap.h over the fields of tests/host/java/android/graphics/Bitmap.java. */
#include <android/bitmap.h>

static jint number(JNIEnv *env, jobject bitmap, const char *name) {
  jfieldID field = (*env)->GetFieldID(env, (*env)->GetObjectClass(env, bitmap), name, "I");
  return (*env)->GetIntField(env, bitmap, field);
}

static void add_locks(JNIEnv *env, jobject bitmap, jint change) {
  jfieldID field = (*env)->GetFieldID(env, (*env)->GetObjectClass(env, bitmap), "locks", "I");
  (*env)->SetIntField(env, bitmap, field, (*env)->GetIntField(env, bitmap, field) + change);
}

int AndroidBitmap_getInfo(JNIEnv *env, jobject bitmap, AndroidBitmapInfo *info) {
  info->width = (uint32_t)number(env, bitmap, "width");
  info->height = (uint32_t)number(env, bitmap, "height");
  info->stride = (uint32_t)number(env, bitmap, "stride");
  info->format = number(env, bitmap, "format");
  info->flags = 0;
  return ANDROID_BITMAP_RESULT_SUCCESS;
}

int AndroidBitmap_lockPixels(JNIEnv *env, jobject bitmap, void **address) {
  jfieldID field = (*env)->GetFieldID(env, (*env)->GetObjectClass(env, bitmap), "pixels",
                                      "Ljava/nio/ByteBuffer;");
  jobject pixels = (*env)->GetObjectField(env, bitmap, field);
  if (pixels == NULL) return -1; /* as for a recycled bitmap */
  *address = (*env)->GetDirectBufferAddress(env, pixels);
  add_locks(env, bitmap, 1);
  return ANDROID_BITMAP_RESULT_SUCCESS;
}

int AndroidBitmap_unlockPixels(JNIEnv *env, jobject bitmap) {
  add_locks(env, bitmap, -1);
  return ANDROID_BITMAP_RESULT_SUCCESS;
}
