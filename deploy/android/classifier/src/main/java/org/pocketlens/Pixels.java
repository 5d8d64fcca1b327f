package org.pocketlens;

import java.nio.ByteBuffer;

/** A photo in memory, 8 bits a channel. The bytes are not copied. */
public final class Pixels {
    /** Channels in memory order. The order of the names is that of pl_format. */
    public enum Format {
        RGB(3),
        BGR(3),
        /** Straight alpha; laid on white. */
        RGBA(4),
        /** As android.graphics.Bitmap holds ARGB_8888; laid on white. */
        RGBA_PREMULTIPLIED(4);

        final int bytes;

        Format(int bytes) {
            this.bytes = bytes;
        }
    }

    final byte[] array; // one of these two is null
    final ByteBuffer buffer;
    final int width;
    final int height;
    final int stride;
    final Format format;
    final int orientation;

    private Pixels(byte[] array, ByteBuffer buffer, int width, int height, int stride,
            Format format, int orientation) {
        this.array = array;
        this.buffer = buffer;
        this.width = width;
        this.height = height;
        this.stride = stride;
        this.format = format;
        this.orientation = orientation;
        long available = array != null ? array.length : buffer.capacity();
        require(width >= 1 && height >= 1, "width and height are at least 1; got "
                + width + " x " + height);
        long row = (long) width * format.bytes;
        require(stride >= row, "the stride is at least " + row + " bytes; got " + stride);
        long needed = (height - 1L) * stride + row;
        require(available >= needed, width + " x " + height + " pixels " + format + " with stride "
                + stride + " are " + needed + " bytes; got " + available);
        require(orientation >= 0 && orientation <= 8, "orientation is 0 to 8; got " + orientation);
    }

    /** Rows without gaps, upright. */
    public static Pixels of(byte[] data, int width, int height, Format format) {
        return new Pixels(data, null, width, height, rowBytes(width, format), format, 1);
    }

    /** The same in a direct buffer, from its position to its limit. */
    public static Pixels of(ByteBuffer data, int width, int height, Format format) {
        require(data.isDirect(), "the buffer must be direct; wrap an array with of(byte[], ...)");
        return new Pixels(
                null, data.slice(), width, height, rowBytes(width, format), format, 1);
    }

    /** Bytes from one row to the next. */
    public Pixels withStride(int bytes) {
        return new Pixels(array, buffer, width, height, bytes, format, orientation);
    }

    /** How to turn the photo upright, as EXIF numbers it: 1 to 8; 0 means 1. */
    public Pixels withOrientation(int exif) {
        return new Pixels(array, buffer, width, height, stride, format, exif);
    }

    private static int rowBytes(int width, Format format) {
        return (int) Math.min((long) width * format.bytes, Integer.MAX_VALUE);
    }

    private static void require(boolean condition, String rule) {
        if (!condition) {
            throw new IllegalArgumentException(rule);
        }
    }
}
