package android.graphics;

import java.nio.ByteBuffer;

/** A stand-in for tests on a computer, read by tests/host/bitmap.c. */
public final class Bitmap {
    public int width;
    public int height;
    public int stride;
    public int format = 1; // RGBA_8888
    public ByteBuffer pixels; // direct; null is a recycled bitmap
    public boolean premultiplied;
    public int locks;

    public boolean isPremultiplied() {
        return premultiplied;
    }
}
