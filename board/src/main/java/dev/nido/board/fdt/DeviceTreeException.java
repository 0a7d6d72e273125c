package dev.nido.board.fdt;

import dev.nido.board.BoardException;

/** A device tree that can't be used. */
public final class DeviceTreeException extends BoardException {

    private static final long serialVersionUID = 1L;

    public DeviceTreeException(String message) {
        super(message);
    }
}
