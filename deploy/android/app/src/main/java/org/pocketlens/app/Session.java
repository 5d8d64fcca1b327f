package org.pocketlens.app;

import android.content.Context;
import android.graphics.Bitmap;
import android.net.Uri;
import android.os.Handler;
import android.os.Looper;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.pocketlens.Classification;
import org.pocketlens.Classifier;
import org.pocketlens.LensException;
import org.pocketlens.Options;

/**
 * The work behind the screen. It outlives the activity when the phone is turned.
 *
 * <p>One thread of its own opens the classifier, uses it and closes it. All methods are called on
 * the main thread, and the listener is.
 */
final class Session {
    static final int BEST = 3;
    private static final int PREVIEW_SIDE = 1080;

    private final Context context;
    private final Handler main = new Handler(Looper.getMainLooper());
    private final ExecutorService worker =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "classifier"));
    private Classifier lens; // touched by the worker's thread alone

    private Runnable listener;
    private Uri photo;
    private boolean working;
    private Outcome outcome;
    private int request; // only the outcome of the newest one is shown

    Session(Context context) {
        this.context = context.getApplicationContext();
    }

    /** Called after every change; null for none. */
    void setListener(Runnable changed) {
        listener = changed;
    }

    /** The photo that was asked for last, or null. */
    Uri photo() {
        return photo;
    }

    boolean isWorking() {
        return working;
    }

    /** Of the last request; null while there is none, or none yet. */
    Outcome outcome() {
        return outcome;
    }

    /** Opens the model, so that a missing one is told before a photo is chosen. */
    void prepare() {
        start(null);
    }

    void classify(Uri chosen) {
        photo = chosen;
        start(chosen);
    }

    /** Ends the session once the current work is done. */
    void close() {
        listener = null;
        request++;
        worker.execute(() -> {
            if (lens != null) {
                lens.close();
                lens = null;
            }
        });
        worker.shutdown();
    }

    private void start(Uri chosen) {
        int mine = ++request;
        working = chosen != null;
        outcome = null;
        changed();
        worker.execute(() -> {
            Outcome done = work(chosen);
            main.post(() -> {
                if (mine == request) {
                    working = false;
                    outcome = done;
                    changed();
                }
            });
        });
    }

    private void changed() {
        if (listener != null) {
            listener.run();
        }
    }

    /** Null if there was nothing to do but to open the model, and that went well. */
    private Outcome work(Uri chosen) {
        try {
            Outcome failure = open();
            return failure != null || chosen == null ? failure : look(chosen);
        } catch (OutOfMemoryError e) {
            return Outcome.failed(null, R.string.error_memory, "");
        }
    }

    private Outcome open() {
        if (lens != null) {
            return null;
        }
        try {
            lens = Model.open(context.getAssets(), Options.DEFAULT);
            return null;
        } catch (Model.MissingAsset e) {
            return Outcome.failed(null, R.string.error_no_asset, e.getMessage());
        } catch (LensException | IOException e) {
            return Outcome.failed(null, R.string.error_model, e.getMessage());
        } catch (LinkageError e) { // no native library for this processor
            return Outcome.failed(null, R.string.error_library, e.toString());
        }
    }

    private Outcome look(Uri chosen) {
        long began = System.nanoTime();
        Photo read;
        try {
            read = Photo.read(context.getContentResolver(), chosen);
        } catch (IOException | RuntimeException e) { // the app that lends the photo may throw any
            return Outcome.failed(null, R.string.error_photo, e.toString());
        }
        double readTime = since(began);
        Bitmap preview = read.preview(PREVIEW_SIDE); // for the screen alone: its time is not told
        try {
            long ready = System.nanoTime();
            Classification answer = lens.classify(read.bitmap, read.orientation, BEST);
            return Outcome.answered(preview, answer, readTime + since(ready), readTime);
        } catch (LensException e) {
            return Outcome.failed(preview, R.string.error_classify, e.getMessage());
        } finally {
            if (preview != read.bitmap) {
                read.bitmap.recycle();
            }
        }
    }

    private static double since(long nanoseconds) {
        return (System.nanoTime() - nanoseconds) / 1e6;
    }
}
