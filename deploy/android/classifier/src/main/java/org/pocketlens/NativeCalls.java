package org.pocketlens;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Lets the process end only between native calls.
 *
 * <p>When a JVM ends, threads inside native code run on while the process destroys what MindSpore
 * Lite shares among its models, and crash. So the end waits for the calls that run, and none begins
 * after it. Android ends its apps with SIGKILL, which destroys nothing and waits for nothing.
 */
final class NativeCalls {
    /** Many times the longest call; one that hangs shall not keep the process alive. */
    private static final int SECONDS = 10;

    private static final ReentrantReadWriteLock RUNNING = new ReentrantReadWriteLock();
    private static volatile boolean ending;

    static {
        try {
            Runtime.getRuntime().addShutdownHook(new Thread(NativeCalls::awaitLast));
        } catch (IllegalStateException e) { // it is ending already
            ending = true;
        }
    }

    private NativeCalls() {}

    /** False when the process is ending; otherwise {@link #end} follows on the same thread. */
    static boolean begin() {
        return !ending && RUNNING.readLock().tryLock();
    }

    static void end() {
        RUNNING.readLock().unlock();
    }

    /** Keeps the lock: what is left of the process makes no calls. */
    private static void awaitLast() {
        ending = true;
        try {
            RUNNING.writeLock().tryLock(SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
