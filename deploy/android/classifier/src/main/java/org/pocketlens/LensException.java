package org.pocketlens;

/** The native library refused a model or a photo; the message says why. */
public final class LensException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What kind of failure it was: the {@code pl_status} of the same name in pocketlens.h. */
    public enum Status {
        BAD_ARGUMENT,
        FILE_ERROR,
        BAD_SPEC,
        MODEL_MISMATCH,
        MODEL_ERROR,
        BAD_IMAGE,
        IMAGE_TOO_LARGE,
        OUT_OF_MEMORY,
        UNSUPPORTED,
        INTERNAL_ERROR,
        /** A status that this version of the Java classes does not know. */
        UNKNOWN
    }

    private final Status status;

    LensException(Status status, String message, Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    /** Called by jni.c with the name of a pl_status, such as "PL_BAD_IMAGE". */
    LensException(String statusName, String message) {
        this(statusOf(statusName), message, null);
    }

    public Status status() {
        return status;
    }

    private static Status statusOf(String name) {
        for (Status status : Status.values()) {
            if (name.equals("PL_" + status.name())) {
                return status;
            }
        }
        return Status.UNKNOWN;
    }
}
