import android.graphics.Bitmap;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.concurrent.atomic.AtomicReference;
import org.pocketlens.Classifier;
import org.pocketlens.LensException;
import org.pocketlens.Options;
import org.pocketlens.Pixels;

/** What the classifier refuses, and that it gives its memory back. */
final class Refusals extends Bench {
    Refusals(String model, String spec, String table) throws Exception {
        super(model, spec, table);
    }

    void useAfterClose() throws Exception {
        Row row = firstPixels();
        Classifier lens = open();
        lens.close();
        thrown(IllegalStateException.class, "is closed", () -> lens.classify(row.pixels(), 1));
        thrown(IllegalStateException.class, "is closed",
                () -> lens.classify(bitmap(1, 1, 4, ByteBuffer.allocateDirect(4)), 1, 1));
        thrown(IllegalStateException.class, "is closed", () -> lens.classifyImage(row.bytes(), 1));
        thrown(IllegalStateException.class, "is closed", lens::scores);
        thrown(IllegalStateException.class, "is closed", lens::labels);
        thrown(IllegalStateException.class, model, lens::modelBytes);
        thrown(IllegalStateException.class, "is closed", lens::inputHeight);
        thrown(IllegalStateException.class, "is closed", lens::inputWidth);
        thrown(IllegalStateException.class, "is closed", lens::threshold);
    }

    void closeTwice() throws Exception {
        Classifier lens = open();
        lens.close();
        lens.close();
    }

    void otherThread() throws Exception {
        Row row = firstPixels();
        AtomicReference<Throwable> seen = new AtomicReference<>();
        try (Classifier lens = open()) {
            Body[] calls = {
                () -> lens.classify(row.pixels(), 1), lens::scores, lens::labels, lens::close
            };
            for (Body body : calls) {
                Thread thread = new Thread(() -> {
                    try {
                        thrown(IllegalStateException.class, "belongs to the thread main", body);
                    } catch (Throwable e) {
                        seen.set(e);
                    }
                }, "stranger");
                thread.start();
                thread.join();
                check(seen.get() == null, String.valueOf(seen.get()));
            }
            check(lens.classify(row.pixels(), 1).best().label.name.equals(row.label),
                    "its own thread can still use it");
        }
    }

    void wrongFiles() throws Exception {
        String missing = "/no/such/folder/模型 🙂.ms"; // beyond what JNI's own strings can hold
        LensException none = thrown(LensException.class, "cannot open " + missing + ": " + missing,
                () -> Classifier.open(missing, spec, Options.DEFAULT));
        check(none.status() == LensException.Status.FILE_ERROR, "status " + none.status());
        LensException noSpec = thrown(LensException.class, "/no/spec.json",
                () -> Classifier.open(model, "/no/spec.json", Options.DEFAULT));
        check(noSpec.status() == LensException.Status.FILE_ERROR, "status " + noSpec.status());
        LensException other = thrown(LensException.class, "cannot open " + spec,
                () -> Classifier.open(spec, spec, Options.DEFAULT));
        check(other.status() == LensException.Status.MODEL_MISMATCH, "status " + other.status());
        thrown(IllegalArgumentException.class, "zero",
                () -> Classifier.open("a\0b", spec, Options.DEFAULT));
    }

    void wrongPhotos() throws Exception {
        try (Classifier lens = open()) {
            for (byte[] bytes : new byte[][] {{1, 2, 3}, {-1, -40, -1, 0}}) {
                LensException bad = thrown(LensException.class, "",
                        () -> lens.classifyImage(bytes, 1));
                check(bad.status() == LensException.Status.BAD_IMAGE, "status " + bad.status());
            }
            thrown(LensException.class, "", () -> lens.classifyImage(new byte[0], 1));
            Row row = firstPixels();
            check(lens.classify(row.pixels(), 1).best().label.name.equals(row.label),
                    "it works after a failure");
        }
    }

    void wrongArguments() throws Exception {
        byte[] twelve = new byte[12];
        Pixels.Format rgb = Pixels.Format.RGB;
        Pixels.of(twelve, 2, 2, rgb);
        thrown(IllegalArgumentException.class, "at least 1", () -> Pixels.of(twelve, 0, 4, rgb));
        thrown(IllegalArgumentException.class, "at least 1", () -> Pixels.of(twelve, 4, -1, rgb));
        thrown(IllegalArgumentException.class, "15 bytes; got 12",
                () -> Pixels.of(twelve, 5, 1, rgb));
        thrown(IllegalArgumentException.class, "got 2147483647",
                () -> Pixels.of(twelve, Integer.MAX_VALUE, Integer.MAX_VALUE, rgb));
        thrown(IllegalArgumentException.class, "stride is at least 6",
                () -> Pixels.of(twelve, 2, 2, rgb).withStride(5));
        thrown(IllegalArgumentException.class, "13 bytes; got 12",
                () -> Pixels.of(twelve, 2, 2, rgb).withStride(7));
        thrown(IllegalArgumentException.class, "got 9",
                () -> Pixels.of(twelve, 2, 2, rgb).withOrientation(9));
        thrown(IllegalArgumentException.class, "direct",
                () -> Pixels.of(ByteBuffer.wrap(twelve), 2, 2, rgb));
        for (int threads : new int[] {0, 65, -1}) {
            LensException bad = thrown(LensException.class, "threads", () -> Classifier.open(
                    model, spec, Options.DEFAULT.withThreads(threads)));
            check(bad.status() == LensException.Status.BAD_ARGUMENT, "status " + bad.status());
        }
        try (Classifier lens = Classifier.open(model, spec, Options.DEFAULT.withThreads(1)
                .withAffinity(Options.Affinity.BIG).withFp16(false))) {
            thrown(NullPointerException.class, "", () -> lens.classify((Pixels) null, 1));
            thrown(NullPointerException.class, "", () -> lens.classifyImage(null, 1));
            thrown(NullPointerException.class, "", () -> lens.classify((Bitmap) null, 1, 1));
            thrown(NullPointerException.class, "", () -> Classifier.open(
                    ByteBuffer.allocateDirect(4), null, "m", Options.DEFAULT));
        }
    }

    void wrongBitmaps() throws Exception {
        try (Classifier lens = open()) {
            Bitmap other = bitmap(2, 2, 4, ByteBuffer.allocateDirect(8));
            other.format = 4; // RGB_565
            thrown(IllegalArgumentException.class, "ARGB_8888", () -> lens.classify(other, 1, 1));
            Bitmap recycled = bitmap(2, 2, 8, null);
            thrown(IllegalArgumentException.class, "recycled",
                    () -> lens.classify(recycled, 1, 1));
            Bitmap good = bitmap(2, 2, 8, ByteBuffer.allocateDirect(16));
            thrown(LensException.class, "orientation", () -> lens.classify(good, 9, 1));
            check(good.locks == 0, "the bitmap stayed locked after a failure");
        }
    }

    /** Memory may grow while the runtime fills its pools, not in the second half. */
    void cycles(int cycles) throws Exception {
        Pixels photo = firstPixels().pixels();
        long middle = 0;
        for (int i = 0; i < cycles; i++) {
            try (Classifier lens = open()) {
                lens.classify(photo, 1);
            }
            if (i == cycles / 2) {
                middle = resident();
            }
        }
        long growth = resident() - middle;
        System.out.println("     resident memory: " + middle / 1024 + " MB after half, "
                + (growth >= 0 ? "+" : "") + growth + " KB after all");
        check(growth < 16 * 1024, "memory grew by " + growth + " KB in the second half");
    }

    /** Kilobytes. */
    static long resident() throws Exception {
        for (String line : Files.readAllLines(Paths.get("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new AssertionError("no VmRSS in /proc/self/status");
    }
}
