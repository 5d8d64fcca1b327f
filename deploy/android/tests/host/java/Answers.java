import android.graphics.Bitmap;
import java.io.File;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Locale;
import org.pocketlens.Classification;
import org.pocketlens.Classifier;
import org.pocketlens.Label;
import org.pocketlens.LensException;
import org.pocketlens.Options;
import org.pocketlens.Pixels;
import org.pocketlens.Result;

/** What the classifier says, and what it tells about itself. */
final class Answers extends Bench {
    private final float tolerance;

    Answers(String model, String spec, String table, float tolerance) throws Exception {
        super(model, spec, table);
        this.tolerance = tolerance;
    }

    Classification classify(Classifier lens, Row row) throws Exception {
        return row.kind.equals("image")
                ? lens.classifyImage(row.bytes(), 3)
                : lens.classify(row.pixels(), 3);
    }

    void expected() throws Exception {
        float worst = 0;
        try (Classifier lens = open()) {
            for (Row row : rows) {
                Result best = classify(lens, row).best();
                check(best.label.name.equals(row.label), row.path + ": expected " + row.label
                        + " " + row.score + "; got " + best.label.name + " " + best.score);
                worst = Math.max(worst, Math.abs(best.score - row.score));
                check(worst <= tolerance, row.path + ": score " + best.score + ", expected "
                        + row.score);
            }
        }
        System.out.println(
                "     " + rows.size() + " photos, largest difference of a score " + worst);
    }

    void sameEverywhere() throws Exception {
        Row row = firstPixels();
        byte[] bytes = row.bytes();
        int rowBytes = row.width * 4;
        int stride = rowBytes + 12;
        ByteBuffer padded = ByteBuffer.allocateDirect(5 + stride * row.height);
        padded.put(new byte[] {9, 9, 9, 9, 9}); // what lies before the position is not read
        for (int y = 0; y < row.height; y++) {
            padded.put(bytes, y * rowBytes, rowBytes).put(new byte[stride - rowBytes]);
        }
        padded.position(5);
        try (Classifier lens = open()) {
            lens.classify(row.pixels(), 3);
            float[] wanted = lens.scores();
            lens.classify(Pixels.of(padded, row.width, row.height, Pixels.Format.RGBA)
                    .withStride(stride), 3);
            check(Arrays.equals(wanted, lens.scores()), "a direct buffer differs from an array");
            Bitmap bitmap = bitmap(row.width, row.height, stride, padded.slice());
            lens.classify(bitmap, 1, 3);
            check(Arrays.equals(wanted, lens.scores()), "a bitmap differs from an array");
            bitmap.premultiplied = true; // the photo is opaque: both kinds of alpha are the same
            lens.classify(bitmap, 0, 3);
            check(Arrays.equals(wanted, lens.scores()), "a premultiplied bitmap differs");
            check(bitmap.locks == 0, "the bitmap stayed locked " + bitmap.locks + " times");
            lens.classify(row.pixels().withOrientation(1), 1);
            check(Arrays.equals(wanted, lens.scores()), "orientation 1 differs from none");
        }
    }

    void orientations() throws Exception {
        Row row = firstPixels();
        byte[] bytes = row.bytes();
        byte[] turned = new byte[bytes.length]; // lying on its side: shown upright by EXIF 6
        for (int y = 0; y < row.height; y++) {
            for (int x = 0; x < row.width; x++) {
                int to = ((row.width - 1 - x) * row.height + y) * 4;
                System.arraycopy(bytes, (y * row.width + x) * 4, turned, to, 4);
            }
        }
        Pixels lying = Pixels.of(turned, row.height, row.width, Pixels.Format.RGBA);
        try (Classifier lens = open()) {
            lens.classify(row.pixels(), 1);
            float[] wanted = lens.scores();
            lens.classify(lying.withOrientation(6), 1);
            check(Arrays.equals(wanted, lens.scores()), "EXIF 6 does not turn the photo upright");
            lens.classify(lying, 1);
            check(!Arrays.equals(wanted, lens.scores()), "the lying photo is not seen as such");
        }
    }

    void fromMemory() throws Exception {
        byte[] file = Files.readAllBytes(Paths.get(model));
        ByteBuffer direct = ByteBuffer.allocateDirect(file.length + 7);
        direct.position(7);
        direct.put(file).position(7);
        byte[] json = Files.readAllBytes(Paths.get(spec));
        Row row = firstPixels();
        try (Classifier lens = Classifier.open(direct, json, "assets", Options.DEFAULT);
                Classifier other = open()) {
            lens.classify(row.pixels(), 1);
            other.classify(row.pixels(), 1);
            check(Arrays.equals(lens.scores(), other.scores()), "memory and file differ");
        }
        thrown(IllegalArgumentException.class, "must be direct",
                () -> Classifier.open(ByteBuffer.wrap(file), json, "m", Options.DEFAULT));
        LensException cut = thrown(LensException.class, "cannot open cut.ms: ", () -> {
            ByteBuffer half = direct.duplicate();
            half.limit(file.length / 2);
            Classifier.open(half, json, "cut.ms", Options.DEFAULT);
        });
        check(cut.status() == LensException.Status.MODEL_MISMATCH, "status " + cut.status());
        byte[] damaged = "{".getBytes(StandardCharsets.UTF_8);
        LensException bad = thrown(LensException.class, "spec.json",
                () -> Classifier.open(direct, damaged, "m", Options.DEFAULT));
        check(bad.status() == LensException.Status.BAD_SPEC, "status " + bad.status());
    }

    void labels() throws Exception {
        String json = new String(Files.readAllBytes(Paths.get(spec)), StandardCharsets.UTF_8);
        try (Classifier lens = open()) {
            check(!Classifier.version().isEmpty(), "no version");
            check(lens.inputHeight() > 0 && lens.inputWidth() > 0, "no input size");
            check(lens.modelBytes() == new File(model).length(), "size " + lens.modelBytes());
            thrown(LensException.class, "", lens::scores); // no photo yet
            for (Label label : lens.labels()) {
                for (String text : new String[] {
                        label.name, label.en, label.zh, label.groupEn, label.groupZh}) {
                    check(json.contains("\"" + text + "\"") || text.isEmpty(),
                            "not in spec.json: " + text);
                }
                check(label.name(Locale.CHINA).equals(first(label.zh, label.en, label.name)),
                        "Chinese for Chinese");
                check(label.name(Locale.FRANCE).equals(first(label.en, label.zh, label.name)),
                        "English for the others");
                check(label.group(Locale.CHINA).equals(first(label.groupZh, label.groupEn)),
                        "the group in Chinese");
            }
        }
    }

    void threshold() throws Exception {
        Pixels photo = firstPixels().pixels();
        byte[] file = Files.readAllBytes(Paths.get(model));
        ByteBuffer direct = ByteBuffer.allocateDirect(file.length);
        direct.put(file).flip();
        String json = new String(Files.readAllBytes(Paths.get(spec)), StandardCharsets.UTF_8);
        String known = "(\"threshold\": )([^,]*)(,)";
        check(json.split("\"threshold\": ", -1).length == 2, "spec.json has one threshold");
        float[] scores = null;
        for (String value : new String[] {"null", "0.0", "1.0"}) {
            byte[] changed = json.replaceFirst(known, "$1" + value + "$3")
                    .getBytes(StandardCharsets.UTF_8);
            try (Classifier lens = Classifier.open(direct, changed, "m", Options.DEFAULT)) {
                Classification said = lens.classify(photo, 1);
                float wanted = value.equals("1.0") ? 1 : 0;
                check(lens.threshold() == wanted, value + " is read as " + lens.threshold());
                check(said.best().score < 1, "a score of 1 cannot be below a threshold");
                check(said.sure == (wanted == 0), "sure with " + value + ": " + said.sure);
                check(scores == null || Arrays.equals(scores, lens.scores()),
                        "a threshold changes no score");
                scores = lens.scores();
            }
        }
    }

    private static String first(String... names) {
        return Arrays.stream(names).filter(name -> !name.isEmpty()).findFirst().orElse("");
    }

    void counts() throws Exception {
        Pixels photo = firstPixels().pixels();
        try (Classifier lens = open()) {
            int classes = lens.labels().size();
            check(lens.classify(photo, 1).results.size() == 1, "1 result");
            Classification all = lens.classify(photo, Integer.MAX_VALUE);
            check(all.results.size() == classes, "all results");
            float sum = 0;
            float last = 1;
            for (Result result : all.results) {
                check(result.score <= last, "best first");
                check(result.label == lens.labels().get(result.index), "label of its index");
                last = result.score;
                sum += result.score;
            }
            check(Math.abs(sum - 1) < 1e-4, "the scores sum to " + sum);
            check(all.times.load > 0 && all.times.prepare > 0 && all.times.inference > 0,
                    "times are measured");
            thrown(IllegalArgumentException.class, "got 0", () -> lens.classify(photo, 0));
            thrown(UnsupportedOperationException.class, "", () -> all.results.remove(0));
        }
    }
}
