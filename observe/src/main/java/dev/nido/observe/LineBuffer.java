package dev.nido.observe;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * ASCII text in an array, appended to without allocation; the numbers' forms are those of C's
 * {@code printf}. The caller sees to it that there is room.
 */
final class LineBuffer {
    private static final byte[] DIGITS = {
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
    };

    private final byte[] bytes;
    private int length;
    private int field;

    LineBuffer(int capacity) {
        bytes = new byte[capacity];
    }

    /** How many bytes fit. */
    int free() {
        return bytes.length - length;
    }

    void clear() {
        length = 0;
        field = 0;
    }

    void writeTo(OutputStream out) throws IOException {
        out.write(bytes, 0, length);
    }

    /** Begins a field that is then made as wide as it must be. */
    LineBuffer begin() {
        field = length;
        return this;
    }

    /** Puts spaces before the field, up to a width. */
    LineBuffer padLeft(int width) {
        int missing = width - (length - field);
        if (missing > 0) {
            System.arraycopy(bytes, field, bytes, field + missing, length - field);
            Arrays.fill(bytes, field, field + missing, (byte) ' ');
            length += missing;
        }
        return this;
    }

    /** Puts spaces after the field, up to a width. */
    LineBuffer padRight(int width) {
        while (length - field < width) {
            bytes[length++] = ' ';
        }
        return this;
    }

    LineBuffer text(String ascii) {
        for (int i = 0; i < ascii.length(); i++) {
            bytes[length++] = (byte) ascii.charAt(i);
        }
        return this;
    }

    /** {@code %d}. */
    LineBuffer decimal(long value) {
        return decimal(value, 1);
    }

    /** {@code %0<width>d}. */
    LineBuffer decimal(long value, int width) {
        if (value < 0) {
            bytes[length++] = '-';
        }
        int digits = 1;
        for (long rest = value / 10; rest != 0; rest /= 10) {
            digits++;
        }
        int count = Math.max(digits, width);
        long rest = value;
        for (int i = length + count - 1; i >= length; i--) {
            bytes[i] = DIGITS[(int) Math.abs(rest % 10)];
            rest /= 10;
        }
        length += count;
        return this;
    }

    /** {@code %0<width>lx}: at least that many digits. */
    LineBuffer hex(long value, int width) {
        int digits = Math.max(1, (67 - Long.numberOfLeadingZeros(value)) >> 2);
        for (int i = Math.max(digits, width) - 1; i >= 0; i--) {
            bytes[length++] = i > 15 ? (byte) '0' : DIGITS[(int) (value >>> 4 * i) & 15];
        }
        return this;
    }

    /** {@code 0x%0<width>lx}. */
    LineBuffer hex0x(long value, int width) {
        return text("0x").hex(value, width);
    }

    /** {@code %#0<width>lx}: the width includes the prefix, which 0 has not. */
    LineBuffer alternate(long value, int width) {
        return value == 0 ? hex(0, width) : hex0x(value, width - 2);
    }
}
