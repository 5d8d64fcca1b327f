/* The part of the Android NDK's android/bitmap.h that jni.c uses, for tests on a computer. */
#ifndef POCKETLENS_TESTS_BITMAP_H
#define POCKETLENS_TESTS_BITMAP_H

#include <jni.h>
#include <stdint.h>

enum { ANDROID_BITMAP_RESULT_SUCCESS = 0 };
enum AndroidBitmapFormat { ANDROID_BITMAP_FORMAT_RGBA_8888 = 1 };

typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t stride;
  int32_t format;
  uint32_t flags;
} AndroidBitmapInfo;

int AndroidBitmap_getInfo(JNIEnv *env, jobject bitmap, AndroidBitmapInfo *info);
int AndroidBitmap_lockPixels(JNIEnv *env, jobject bitmap, void **address);
int AndroidBitmap_unlockPixels(JNIEnv *env, jobject bitmap);

#endif /* POCKETLENS_TESTS_BITMAP_H */
