package org.pocketlens;

import android.graphics.Bitmap;
import java.nio.ByteBuffer;

/** The functions of jni.c. Only {@link Classifier} calls them: it checks every argument first. */
final class NativeLens {
    static {
        System.loadLibrary("pocketlens_jni");
    }

    private NativeLens() {}

    static native String version();

    /** Paths are UTF-8 and end in a zero byte; {@code specPath} may be null. */
    static native long openFiles(
            byte[] modelPath, byte[] specPath, int threads, int affinity, boolean fp16)
            throws LensException;

    /** {@code model} is direct and is read from its first byte to its capacity. */
    static native long openMemory(
            ByteBuffer model, byte[] specJson, int threads, int affinity, boolean fp16)
            throws LensException;

    static native void close(long handle);

    /** Classes, height, width, bytes of the model. */
    static native void info(long handle, long[] values) throws LensException;

    /** The score below which the model is not sure. */
    static native float threshold(long handle) throws LensException;

    /** Name, English, Chinese, group in English, group in Chinese. */
    static native void label(long handle, int index, String[] texts) throws LensException;

    /** Load, decode, prepare, inference in milliseconds. */
    static native void times(long handle, double[] values) throws LensException;

    static native void scores(long handle, float[] values) throws LensException;

    // The classify functions fill both arrays, best class first, and return how many they filled.

    static native int classifyArray(
            long handle, byte[] data, int width, int height, int stride, int format,
            int orientation, int[] indices, float[] scores)
            throws LensException;

    static native int classifyBuffer(
            long handle, ByteBuffer data, int width, int height, int stride, int format,
            int orientation, int[] indices, float[] scores)
            throws LensException;

    static native int classifyImage(long handle, byte[] file, int[] indices, float[] scores)
            throws LensException;

    static native int classifyBitmap(
            long handle, Bitmap bitmap, boolean premultiplied, int orientation, int[] indices,
            float[] scores)
            throws LensException;
}
