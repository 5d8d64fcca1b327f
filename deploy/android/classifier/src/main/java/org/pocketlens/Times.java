package org.pocketlens;

/** How long the steps took, in milliseconds. Those of a step that did not run are 0. */
public final class Times {
    /** Opening the classifier: read, check, build. */
    public final double load;

    /** JPEG or PNG to pixels. */
    public final double decode;

    /** Pixels to the input tensor. */
    public final double prepare;

    /** Input tensor to raw outputs. */
    public final double inference;

    Times(double[] values) {
        load = values[0];
        decode = values[1];
        prepare = values[2];
        inference = values[3];
    }
}
