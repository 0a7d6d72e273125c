package dev.nido.board.load;

import dev.nido.board.BoardException;

import java.nio.file.Path;

/** A kernel, initrd or other image that can't be used. */
public final class ImageException extends BoardException {

    private static final long serialVersionUID = 1L;

    /** What is wrong. */
    public enum Kind {
        /** There is no such file, or it can't be read. */
        UNREADABLE,
        /** It ends before its own headers say it does. */
        TRUNCATED,
        /** Its headers contradict themselves. */
        DAMAGED,
        /** It is for another machine or word size. */
        WRONG_MACHINE,
        /** It is of a kind that we don't read. */
        UNSUPPORTED,
        /** There is no room for it in the guest's memory. */
        TOO_LARGE
    }

    private final Kind kind;

    public ImageException(Kind kind, String message) {
        super(message);
        this.kind = kind;
    }

    ImageException(Kind kind, Path file, String problem) {
        this(kind, file + " " + problem);
    }

    public Kind kind() {
        return kind;
    }
}
