import android.graphics.Bitmap;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import org.pocketlens.Classifier;
import org.pocketlens.LensException;
import org.pocketlens.Options;
import org.pocketlens.Pixels;

/** What the tests share: the model, the expected answers, checks. */
class Bench {
    final String model;
    final String spec;
    final List<Row> rows = new ArrayList<>();

    interface Body {
        void run() throws Exception;
    }

    static final class Row {
        final String kind;
        final Path path;
        final int width;
        final int height;
        final String label;
        final float score;

        Row(String line) {
            String[] cells = line.split("\t", -1);
            check(cells.length == 6, "a line of the table has 6 cells; got: " + line);
            kind = cells[0];
            path = Paths.get(cells[1]);
            width = Integer.parseInt(cells[2]);
            height = Integer.parseInt(cells[3]);
            label = cells[4];
            score = Float.parseFloat(cells[5]);
        }

        byte[] bytes() throws Exception {
            return Files.readAllBytes(path);
        }

        Pixels pixels() throws Exception {
            return Pixels.of(bytes(), width, height,
                    kind.equals("rgb") ? Pixels.Format.RGB : Pixels.Format.RGBA);
        }
    }

    Bench(String model, String spec, String table) throws Exception {
        this.model = model;
        this.spec = spec;
        for (String line : Files.readAllLines(Paths.get(table))) {
            rows.add(new Row(line));
        }
        check(!rows.isEmpty(), "the table is empty");
    }

    static void check(boolean condition, String message) {
        if (!condition) {
            throw new AssertionError(message);
        }
    }

    static <T extends Throwable> T thrown(Class<T> type, String part, Body body) {
        try {
            body.run();
        } catch (Throwable e) {
            check(type.isInstance(e), "expected " + type.getSimpleName() + "; got " + e);
            check(part.isEmpty() || String.valueOf(e.getMessage()).contains(part),
                    "expected \"" + part + "\" in: " + e.getMessage());
            return type.cast(e);
        }
        throw new AssertionError("expected " + type.getSimpleName() + " with \"" + part + "\"");
    }

    Classifier open() throws LensException {
        return Classifier.open(model, spec, Options.DEFAULT);
    }

    Row firstPixels() {
        return rows.stream().filter(row -> row.kind.equals("rgba")).findFirst().orElseThrow(
                () -> new AssertionError("the table needs a line of the kind rgba"));
    }

    static Bitmap bitmap(int width, int height, int stride, ByteBuffer pixels) {
        Bitmap bitmap = new Bitmap();
        bitmap.width = width;
        bitmap.height = height;
        bitmap.stride = stride;
        bitmap.pixels = pixels;
        return bitmap;
    }
}
