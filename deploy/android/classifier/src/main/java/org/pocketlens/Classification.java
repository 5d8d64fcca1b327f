package org.pocketlens;

import java.util.Collections;
import java.util.List;

/** What a classifier says about one photo. */
public final class Classification {
    /** The best classes, best first; at least one; cannot be changed. */
    public final List<Result> results;

    /**
     * Whether the best result is an answer: its score reaches the threshold that was chosen in
     * training for a wanted precision. Otherwise the results are guesses.
     */
    public final boolean sure;

    public final Times times;

    Classification(List<Result> results, float threshold, Times times) {
        this.results = Collections.unmodifiableList(results);
        this.sure = results.get(0).score >= threshold;
        this.times = times;
    }

    public Result best() {
        return results.get(0);
    }
}
