package org.pocketlens.app;

import android.graphics.Bitmap;
import org.pocketlens.Classification;

/** What became of one photo: an answer, or the reason why there is none. */
final class Outcome {
    /** The photo, upright and small; null if it could not be read. */
    final Bitmap preview;

    /** Null if there is an error. */
    final Classification answer;

    /** From the choice of the photo to the answer, and how much of it reading the photo took. */
    final double milliseconds;

    final double readMilliseconds;

    /** A string resource with one place for {@link #detail}; 0 if there is an answer. */
    final int error;

    final String detail;

    private Outcome(Bitmap preview, Classification answer, double milliseconds,
            double readMilliseconds, int error, String detail) {
        this.preview = preview;
        this.answer = answer;
        this.milliseconds = milliseconds;
        this.readMilliseconds = readMilliseconds;
        this.error = error;
        this.detail = detail;
    }

    static Outcome answered(
            Bitmap preview, Classification answer, double milliseconds, double readMilliseconds) {
        return new Outcome(preview, answer, milliseconds, readMilliseconds, 0, "");
    }

    static Outcome failed(Bitmap preview, int error, String detail) {
        return new Outcome(preview, null, 0, 0, error, detail);
    }
}
