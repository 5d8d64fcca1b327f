package org.pocketlens;

/** How a model is run. Values never change; every {@code with} gives a new object. */
public final class Options {
    /** Which cores of a phone the threads prefer. The order is that of pl_affinity. */
    public enum Affinity {
        NONE,
        BIG,
        LITTLE
    }

    /** Two threads, no preferred cores, single precision. */
    public static final Options DEFAULT = new Options(2, Affinity.NONE, false);

    public final int threads;
    public final Affinity affinity;

    /** Computes in half precision where the processor can (ARMv8.2). */
    public final boolean fp16;

    private Options(int threads, Affinity affinity, boolean fp16) {
        this.threads = threads;
        this.affinity = affinity;
        this.fp16 = fp16;
    }

    /** 1 to 64; the limits are checked when a model is opened. */
    public Options withThreads(int count) {
        return new Options(count, affinity, fp16);
    }

    public Options withAffinity(Affinity cores) {
        return new Options(threads, cores, fp16);
    }

    public Options withFp16(boolean half) {
        return new Options(threads, affinity, half);
    }
}
