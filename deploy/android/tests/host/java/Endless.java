import org.pocketlens.Classifier;
import org.pocketlens.Options;
import org.pocketlens.Pixels;

/** Opens, classifies and closes on four threads until it is ended: {@code Endless MODEL SPEC}. */
public final class Endless {
    private static final int THREADS = 4;

    private Endless() {}

    public static void main(String[] args) {
        Pixels grey = Pixels.of(new byte[64 * 48 * 3], 64, 48, Pixels.Format.RGB);
        for (int i = 0; i < THREADS; i++) {
            new Thread(() -> {
                try {
                    while (true) {
                        try (Classifier lens = Classifier.open(args[0], args[1], Options.DEFAULT)) {
                            lens.classify(grey, 1);
                        }
                    }
                } catch (IllegalStateException e) {
                    Bench.check(e.getMessage().equals("the process is ending"), e.toString());
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            }).start();
        }
        System.out.println("working");
    }
}
