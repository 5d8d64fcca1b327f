package org.pocketlens;

/** One class and how likely it is. */
public final class Result {
    /** Of the class, in the order of the model's outputs. */
    public final int index;

    /** Probability, 0 to 1. */
    public final float score;

    public final Label label;

    Result(int index, float score, Label label) {
        this.index = index;
        this.score = score;
        this.label = label;
    }
}
