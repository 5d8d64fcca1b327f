package org.pocketlens.app;

import android.content.ContentResolver;
import android.graphics.Bitmap;
import android.graphics.BitmapFactory;
import android.graphics.Matrix;
import android.media.ExifInterface;
import android.net.Uri;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/** A decoded photo, not yet turned upright. */
final class Photo {
    /** Above this the photo is read at a half, a quarter, ... of its size: 64 MB of memory. */
    static final long MAX_PIXELS = 16L << 20;

    /** Where a PNG file has the bits of a sample. */
    private static final int PNG_DEPTH = 24;

    final Bitmap bitmap;

    /** How to turn it upright, as EXIF numbers it: 1 to 8; 0 if the photo does not say. */
    final int orientation;

    private Photo(Bitmap bitmap, int orientation) {
        this.bitmap = bitmap;
        this.orientation = orientation;
    }

    /**
     * Reads a photo.
     *
     * @throws IOException if it cannot be opened or is no image that this phone can read
     */
    static Photo read(ContentResolver resolver, Uri uri) throws IOException {
        BitmapFactory.Options options = new BitmapFactory.Options();
        options.inJustDecodeBounds = true;
        decode(resolver, uri, options);
        if (options.outWidth < 1 || options.outHeight < 1) {
            throw new IOException("not an image in a format that this phone can read");
        }
        refuseDeep(resolver, uri);
        options.inJustDecodeBounds = false;
        options.inSampleSize = sampleSize(options.outWidth, options.outHeight);
        options.inScaled = false;
        options.inPreferredConfig = Bitmap.Config.ARGB_8888;
        Bitmap bitmap = decode(resolver, uri, options);
        if (bitmap == null) {
            throw new IOException("damaged or cut short");
        }
        return new Photo(inBytes(bitmap), orientation(resolver, uri));
    }

    /** An upright copy for the screen, its longer side at most {@code side} pixels. */
    Bitmap preview(int side) {
        Matrix turn = upright(orientation);
        float scale = (float) side / Math.max(bitmap.getWidth(), bitmap.getHeight());
        if (scale < 1) {
            turn.postScale(scale, scale);
        }
        return Bitmap.createBitmap(
                bitmap, 0, 0, bitmap.getWidth(), bitmap.getHeight(), turn, true);
    }

    static int sampleSize(int width, int height) {
        int sample = 1;
        while ((long) (width / sample) * (height / sample) > MAX_PIXELS) {
            sample *= 2;
        }
        return sample;
    }

    private static Matrix upright(int orientation) {
        Matrix turn = new Matrix();
        switch (orientation) {
            case ExifInterface.ORIENTATION_FLIP_HORIZONTAL:
                turn.postScale(-1, 1);
                break;
            case ExifInterface.ORIENTATION_ROTATE_180:
                turn.postRotate(180);
                break;
            case ExifInterface.ORIENTATION_FLIP_VERTICAL:
                turn.postScale(1, -1);
                break;
            case ExifInterface.ORIENTATION_TRANSPOSE:
                turn.postRotate(90);
                turn.postScale(-1, 1);
                break;
            case ExifInterface.ORIENTATION_ROTATE_90:
                turn.postRotate(90);
                break;
            case ExifInterface.ORIENTATION_TRANSVERSE:
                turn.postRotate(90);
                turn.postScale(1, -1);
                break;
            case ExifInterface.ORIENTATION_ROTATE_270:
                turn.postRotate(270);
                break;
            default:
                break;
        }
        return turn;
    }

    private static Bitmap decode(ContentResolver resolver, Uri uri, BitmapFactory.Options options)
            throws IOException {
        try (InputStream stream = open(resolver, uri)) {
            return BitmapFactory.decodeStream(stream, null, options);
        }
    }

    private static int orientation(ContentResolver resolver, Uri uri) throws IOException {
        try (InputStream stream = open(resolver, uri)) {
            int said;
            try {
                said = new ExifInterface(stream).getAttributeInt(ExifInterface.TAG_ORIENTATION, 0);
            } catch (IOException | RuntimeException damaged) {
                return 0; // what stands beside the pixels costs no photo
            }
            return said >= 0 && said <= 8 ? said : 0;
        }
    }

    /**
     * The phone's decoder keeps the upper 8 bits of 16, whatever the values mean: a microscope's
     * photo would be black. The library for Linux scales them as training does.
     */
    private static void refuseDeep(ContentResolver resolver, Uri uri) throws IOException {
        byte[] start = new byte[PNG_DEPTH + 1];
        try (InputStream stream = open(resolver, uri)) {
            int got = 0;
            for (int more; got < start.length; got += more) {
                more = stream.read(start, got, start.length - got);
                if (more < 0) {
                    return;
                }
            }
        }
        boolean png = (start[0] & 0xff) == 0x89 && start[1] == 'P' && start[2] == 'N';
        if (png && start[PNG_DEPTH] == 16) {
            throw new IOException("a PNG of 16 bits, which this phone cannot scale: convert it to 8");
        }
    }

    /** The decoder may give 16-bit or palette pixels whatever it is asked for. */
    private static Bitmap inBytes(Bitmap bitmap) throws IOException {
        if (bitmap.getConfig() == Bitmap.Config.ARGB_8888) {
            return bitmap;
        }
        Bitmap copy = bitmap.copy(Bitmap.Config.ARGB_8888, false);
        bitmap.recycle();
        if (copy == null) {
            throw new IOException("pixels of a kind that cannot be converted");
        }
        return copy;
    }

    private static InputStream open(ContentResolver resolver, Uri uri) throws IOException {
        InputStream stream = resolver.openInputStream(uri);
        if (stream == null) {
            throw new FileNotFoundException("its provider gave no data");
        }
        return stream;
    }
}
