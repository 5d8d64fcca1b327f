/* What every function of jni.c needs: text, exceptions, memory. */
#ifndef POCKETLENS_JNI_SUPPORT_H
#define POCKETLENS_JNI_SUPPORT_H

#include <jni.h>
#include <stddef.h>

#include "pocketlens.h"

/* Finds the classes that the other functions use; call it first. 0 with a pending exception. */
int support_start(JNIEnv *env);

/* A Java string of UTF-8 text. NULL with a pending exception when there is no memory. */
jstring java_text(JNIEnv *env, const char *text);

/* Throws an exception of Java's own. */
void throw_named(JNIEnv *env, const char *class_name, const char *text);

/* Whether the call went well; otherwise a LensException is pending. */
int succeeded(JNIEnv *env, pl_status status);

/* Zeroed memory, for the caller to free. NULL with a pending exception when there is none. */
void *allocate(JNIEnv *env, jsize count, size_t size);

#endif /* POCKETLENS_JNI_SUPPORT_H */
