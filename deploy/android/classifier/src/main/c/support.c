#include "support.h"

#include <stdlib.h>
#include <string.h>

static jclass lens_exception, string_class;
static jmethodID new_lens_exception, new_string;
static jstring utf8;

/* A class that stays valid until the library is unloaded; NULL with a pending exception. */
static jclass lasting_class(JNIEnv *env, const char *name) {
  jclass found = (*env)->FindClass(env, name);
  return found == NULL ? NULL : (*env)->NewGlobalRef(env, found);
}

int support_start(JNIEnv *env) {
  lens_exception = lasting_class(env, "org/pocketlens/LensException");
  if (lens_exception == NULL) return 0;
  new_lens_exception = (*env)->GetMethodID(env, lens_exception, "<init>",
                                           "(Ljava/lang/String;Ljava/lang/String;)V");
  if (new_lens_exception == NULL) return 0;
  string_class = lasting_class(env, "java/lang/String");
  if (string_class == NULL) return 0;
  new_string = (*env)->GetMethodID(env, string_class, "<init>", "([BLjava/lang/String;)V");
  if (new_string == NULL) return 0;
  jstring name = (*env)->NewStringUTF(env, "UTF-8");
  utf8 = name == NULL ? NULL : (*env)->NewGlobalRef(env, name);
  return utf8 != NULL;
}

jstring java_text(JNIEnv *env, const char *text) {
  const jsize size = (jsize)strlen(text);
  jbyteArray bytes = (*env)->NewByteArray(env, size);
  if (bytes == NULL) return NULL;
  (*env)->SetByteArrayRegion(env, bytes, 0, size, (const jbyte *)text);
  jstring result = (*env)->NewObject(env, string_class, new_string, bytes, utf8);
  (*env)->DeleteLocalRef(env, bytes);
  return result;
}

void throw_named(JNIEnv *env, const char *class_name, const char *text) {
  jclass exception = (*env)->FindClass(env, class_name);
  if (exception != NULL) (*env)->ThrowNew(env, exception, text);
}

static void throw_lens(JNIEnv *env, pl_status status) {
  /* Read first: the next failing call of this thread would replace it. */
  jstring message = java_text(env, pl_last_error());
  if (message == NULL) return;
  jstring name = java_text(env, pl_status_name(status));
  if (name == NULL) return;
  jthrowable thrown = (*env)->NewObject(env, lens_exception, new_lens_exception, name, message);
  if (thrown != NULL) (*env)->Throw(env, thrown);
}

int succeeded(JNIEnv *env, pl_status status) {
  if (status != PL_OK) throw_lens(env, status);
  return status == PL_OK;
}

void *allocate(JNIEnv *env, jsize count, size_t size) {
  void *memory = calloc(count > 0 ? (size_t)count : 1, size);
  if (memory == NULL) throw_named(env, "java/lang/OutOfMemoryError", "no memory for the results");
  return memory;
}
