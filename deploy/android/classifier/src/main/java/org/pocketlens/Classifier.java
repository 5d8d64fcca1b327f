package org.pocketlens;

import android.graphics.Bitmap;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * A loaded model with its labels.
 *
 * <pre>{@code
 * try (Classifier lens = Classifier.open("/data/model.ms", null, Options.DEFAULT)) {
 *     Classification said = lens.classify(Pixels.of(rgba, width, height, Pixels.Format.RGBA), 3);
 *     System.out.println(said.best().label.en + " " + said.best().score);
 * }
 * }</pre>
 *
 * <p>It owns native memory until {@link #close()}. It belongs to the thread that opened it: every
 * method throws IllegalStateException on another thread, and after close.
 */
public final class Classifier implements AutoCloseable {
    private final Thread owner = Thread.currentThread();
    private long handle; // 0 once closed
    private final String source;
    private final List<Label> labels;
    private final int height;
    private final int width;
    private final long modelBytes;
    private final float threshold;

    private Classifier(long handle, String source) throws LensException {
        this.handle = handle;
        this.source = source;
        long[] info = new long[4];
        NativeLens.info(handle, info);
        height = (int) info[1];
        width = (int) info[2];
        modelBytes = info[3];
        threshold = NativeLens.threshold(handle);
        List<Label> read = new ArrayList<>();
        for (int i = 0; i < info[0]; i++) {
            String[] texts = new String[5];
            NativeLens.label(handle, i, texts);
            read.add(new Label(texts[0], texts[1], texts[2], texts[3], texts[4]));
        }
        labels = Collections.unmodifiableList(read);
    }

    /** Version of the native library. */
    public static String version() {
        return NativeLens.version();
    }

    /**
     * Opens a model file.
     *
     * @param specPath null for spec.json in the model's folder
     * @throws LensException if the model cannot be used; the message has the path and the reason
     */
    public static Classifier open(String modelPath, String specPath, Options options)
            throws LensException {
        byte[] model = pathBytes(modelPath);
        byte[] spec = specPath == null ? null : pathBytes(specPath);
        return adopt(modelPath, () -> NativeLens.openFiles(
                model, spec, options.threads, options.affinity.ordinal(), options.fp16));
    }

    /**
     * Opens a model from memory, for example a mapped asset. The bytes are not kept.
     *
     * @param model a direct buffer, read from its position to its limit
     * @param specJson the content of the spec.json that belongs to it
     * @param name of the model, for messages
     * @throws LensException if the model cannot be used; the message has the name and the reason
     */
    public static Classifier open(ByteBuffer model, byte[] specJson, String name, Options options)
            throws LensException {
        if (!model.isDirect()) {
            throw new IllegalArgumentException("the model's buffer must be direct");
        }
        Objects.requireNonNull(specJson, "specJson");
        ByteBuffer whole = model.slice();
        return adopt(name, () -> NativeLens.openMemory(
                whole, specJson, options.threads, options.affinity.ordinal(), options.fp16));
    }

    /** Classifies pixels; gives the {@code count} best classes, or all if there are fewer. */
    public Classification classify(Pixels pixels, int count) throws LensException {
        return classify(count, (lens, indices, scores) -> pixels.array != null
                ? NativeLens.classifyArray(lens, pixels.array, pixels.width, pixels.height,
                        pixels.stride, pixels.format.ordinal(), pixels.orientation, indices, scores)
                : NativeLens.classifyBuffer(lens, pixels.buffer, pixels.width, pixels.height,
                        pixels.stride, pixels.format.ordinal(), pixels.orientation, indices,
                        scores));
    }

    /**
     * The same for a bitmap.
     *
     * @param bitmap of the configuration ARGB_8888
     * @param orientation how to turn it upright, as EXIF numbers it: 1 to 8; 0 means 1
     */
    public Classification classify(Bitmap bitmap, int orientation, int count)
            throws LensException {
        return classify(count, (lens, indices, scores) -> NativeLens.classifyBitmap(
                lens, bitmap, bitmap.isPremultiplied(), orientation, indices, scores));
    }

    /**
     * The same for the bytes of a JPEG or PNG file, turned upright by its EXIF orientation.
     *
     * @throws LensException UNSUPPORTED where the native library was built without the two formats,
     *     as on Android: there a bitmap is decoded first
     */
    public Classification classifyImage(byte[] file, int count) throws LensException {
        Objects.requireNonNull(file, "file");
        return classify(count, (lens, indices, scores) ->
                NativeLens.classifyImage(lens, file, indices, scores));
    }

    /** Probabilities of all classes from the last photo, in the order of {@link #labels()}. */
    public float[] scores() throws LensException {
        float[] all = new float[labels.size()];
        NativeLens.scores(usable(), all);
        return all;
    }

    /** Names of all classes in the order of the model's outputs; cannot be changed. */
    public List<Label> labels() {
        usable();
        return labels;
    }

    /** Height of the input tensor in pixels. */
    public int inputHeight() {
        usable();
        return height;
    }

    /** Width of the input tensor in pixels. */
    public int inputWidth() {
        usable();
        return width;
    }

    /** Size of the model file. */
    public long modelBytes() {
        usable();
        return modelBytes;
    }

    /**
     * The score from which on the best result is an answer, 0 to 1; see {@link
     * Classification#sure}. 0 where the model has no threshold.
     */
    public float threshold() {
        usable();
        return threshold;
    }

    /** Gives the native memory back. A second call does nothing. */
    @Override
    public void close() {
        checkThread();
        long last = handle;
        handle = 0;
        if (last != 0 && NativeCalls.begin()) { // an ending process gives its memory back itself
            try {
                NativeLens.close(last);
            } finally {
                NativeCalls.end();
            }
        }
    }

    private interface Opening {
        long run() throws LensException;
    }

    private interface Step {
        int run(long handle, int[] indices, float[] scores) throws LensException;
    }

    private static Classifier adopt(String source, Opening opening) throws LensException {
        long opened = 0;
        begin();
        try {
            opened = opening.run();
            Classifier lens = new Classifier(opened, source);
            opened = 0;
            return lens;
        } catch (LensException e) {
            throw new LensException(
                    e.status(), "cannot open " + source + ": " + e.getMessage(), e);
        } finally {
            if (opened != 0) {
                NativeLens.close(opened);
            }
            NativeCalls.end();
        }
    }

    private Classification classify(int count, Step step) throws LensException {
        long lens = usable();
        if (count < 1) {
            throw new IllegalArgumentException("count is at least 1; got " + count);
        }
        int[] indices = new int[Math.min(count, labels.size())];
        float[] scores = new float[indices.length];
        int found;
        begin();
        try {
            found = step.run(lens, indices, scores);
        } finally {
            NativeCalls.end();
        }
        List<Result> results = new ArrayList<>();
        for (int i = 0; i < found; i++) {
            results.add(new Result(indices[i], scores[i], labels.get(indices[i])));
        }
        double[] times = new double[4];
        NativeLens.times(lens, times);
        return new Classification(results, threshold, new Times(times));
    }

    private long usable() {
        checkThread();
        if (handle == 0) {
            throw new IllegalStateException("the classifier of " + source + " is closed");
        }
        return handle;
    }

    private static void begin() {
        if (!NativeCalls.begin()) {
            throw new IllegalStateException("the process is ending");
        }
    }

    private void checkThread() {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("the classifier of " + source
                    + " belongs to the thread " + owner.getName()
                    + ", which opened it; got a call from " + Thread.currentThread().getName());
        }
    }

    private static byte[] pathBytes(String path) {
        if (path.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a path has no zero characters");
        }
        return (path + '\0').getBytes(StandardCharsets.UTF_8);
    }
}
