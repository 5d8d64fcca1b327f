package org.pocketlens;

import java.util.Collections;
import java.util.List;

/** What a classifier says about one photo. */
public final class Classification {
    /** The best classes, best first; at least one; cannot be changed. */
    public final List<Result> results;

    public final Times times;

    Classification(List<Result> results, Times times) {
        this.results = Collections.unmodifiableList(results);
        this.times = times;
    }

    public Result best() {
        return results.get(0);
    }
}
