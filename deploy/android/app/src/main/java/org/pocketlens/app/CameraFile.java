package org.pocketlens.app;

import android.content.ContentProvider;
import android.content.ContentValues;
import android.content.Context;
import android.database.Cursor;
import android.database.MatrixCursor;
import android.net.Uri;
import android.os.ParcelFileDescriptor;
import android.provider.OpenableColumns;
import java.io.File;
import java.io.FileNotFoundException;

/** Lends the camera app one file to write its photo into, and nothing else. */
public final class CameraFile extends ContentProvider {
    /** The authority in AndroidManifest.xml. */
    private static final String AUTHORITY = "org.pocketlens.app.camera";

    private static final String NAME = "photo.jpg";

    /** Where the camera app writes. */
    static Uri uri() {
        return new Uri.Builder().scheme("content").authority(AUTHORITY).path(NAME).build();
    }

    /** Removes the last photo, so that a camera app that writes none is noticed. */
    static void clear(Context context) {
        File file = file(context);
        if (file.exists() && !file.delete()) {
            throw new IllegalStateException(file + " cannot be deleted");
        }
    }

    /** Whether this is the camera's photo, and there is none: it was cleared, none was taken. */
    static boolean isGone(Context context, Uri photo) {
        return photo.equals(uri()) && !file(context).exists();
    }

    private static File file(Context context) {
        return new File(context.getCacheDir(), NAME);
    }

    @Override
    public boolean onCreate() {
        return true;
    }

    @Override
    public ParcelFileDescriptor openFile(Uri uri, String mode) throws FileNotFoundException {
        if (!uri.equals(uri())) {
            throw new FileNotFoundException(uri + " is not " + uri());
        }
        return ParcelFileDescriptor.open(
                file(getContext()), ParcelFileDescriptor.parseMode(mode));
    }

    @Override
    public String getType(Uri uri) {
        return "image/jpeg";
    }

    /** Name and size, which some camera apps ask for. */
    @Override
    public Cursor query(
            Uri uri, String[] projection, String selection, String[] arguments, String order) {
        MatrixCursor cursor = new MatrixCursor(
                new String[] {OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE});
        cursor.addRow(new Object[] {NAME, file(getContext()).length()});
        return cursor;
    }

    @Override
    public Uri insert(Uri uri, ContentValues values) {
        throw new UnsupportedOperationException("only openFile");
    }

    @Override
    public int update(Uri uri, ContentValues values, String selection, String[] arguments) {
        throw new UnsupportedOperationException("only openFile");
    }

    @Override
    public int delete(Uri uri, String selection, String[] arguments) {
        throw new UnsupportedOperationException("only openFile");
    }
}
