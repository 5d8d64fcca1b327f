import java.util.ArrayList;
import java.util.List;

/**
 * Drives the classifier on a computer: {@code HostTest MODEL SPEC TABLE TOLERANCE CYCLES}.
 *
 * <p>TABLE has one line per photo, with tabs between: {@code image} (a JPEG or PNG file),
 * {@code rgb} or {@code rgba} (bytes without a header); path; width and height (0 for image);
 * expected class; expected score.
 */
public final class HostTest {
    private static int passed;
    private static final List<String> failures = new ArrayList<>();

    private HostTest() {}

    public static void main(String[] args) throws Exception {
        if (args.length != 5) {
            System.err.println("usage: HostTest MODEL SPEC TABLE TOLERANCE CYCLES");
            System.exit(2);
        }
        Answers answers = new Answers(args[0], args[1], args[2], Float.parseFloat(args[3]));
        Refusals refusals = new Refusals(args[0], args[1], args[2]);
        int cycles = Integer.parseInt(args[4]);
        test("expected labels and scores", answers::expected);
        test("bytes, buffer, bitmap and stride agree", answers::sameEverywhere);
        test("orientations are told apart", answers::orientations);
        test("from memory as from files", answers::fromMemory);
        test("labels, names and sizes", answers::labels);
        test("counts", answers::counts);
        test("sure or not", answers::threshold);
        test("use after close", refusals::useAfterClose);
        test("close twice", refusals::closeTwice);
        test("another thread", refusals::otherThread);
        test("wrong files", refusals::wrongFiles);
        test("wrong photos", refusals::wrongPhotos);
        test("wrong arguments", refusals::wrongArguments);
        test("bitmaps that cannot be read", refusals::wrongBitmaps);
        test("open and close " + cycles + " times", () -> refusals.cycles(cycles));
        failures.forEach(System.out::println);
        System.out.println(passed + " passed, " + failures.size() + " failed");
        System.exit(failures.isEmpty() ? 0 : 1);
    }

    private static void test(String name, Bench.Body body) {
        try {
            body.run();
            passed++;
            System.out.println("ok   " + name);
        } catch (Throwable e) {
            failures.add("FAILED " + name + ": " + e);
            e.printStackTrace(System.out);
        }
    }
}
