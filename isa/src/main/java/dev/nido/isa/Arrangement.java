package dev.nido.isa;

/**
 * How a word tells the element size and the number of elements of a vector operand. A value is
 * {@code log2 of the element's bytes | bytes of the vector << 4}; the names are those of the
 * templates.
 */
enum Arrangement {
    /** Element size by size, 64 or 128 bits by Q. */
    T {
        @Override
        int of(int w) {
            return shape(w >>> 22 & 3, q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.put(in, 22, 2, size);
            putQ(in, e, bytes);
        }
    },
    /** Elements twice as wide as size says, 128 bits. */
    W {
        @Override
        int of(int w) {
            return shape((w >>> 22 & 3) + 1, 16);
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.put(in, 22, 2, size - 1);
            full(in, bytes);
        }
    },
    /** Elements twice as wide as size says, 64 or 128 bits by Q (pairwise long). */
    P {
        @Override
        int of(int w) {
            return shape((w >>> 22 & 3) + 1, q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.put(in, 22, 2, size - 1);
            putQ(in, e, bytes);
        }
    },
    /** Single or double precision by sz. */
    F {
        @Override
        int of(int w) {
            return shape(2 + (w >>> 22 & 1), q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.put(in, 22, 1, size - 2);
            putQ(in, e, bytes);
        }
    },
    /** Two elements, single or double precision by sz. */
    F2 {
        @Override
        int of(int w) {
            int size = 2 + (w >>> 22 & 1);
            return shape(size, 2 << size);
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.put(in, 22, 1, size - 2);
            if (bytes != 2 << size) {
                throw in.mismatch("two elements expected");
            }
        }
    },
    /** The wide side of a floating-point conversion: single or double precision by sz, 128 bits. */
    FL {
        @Override
        int of(int w) {
            return shape(2 + (w >>> 22 & 1), 16);
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.put(in, 22, 1, size - 2);
            full(in, bytes);
        }
    },
    /** The narrow side of a floating-point conversion. */
    FN {
        @Override
        int of(int w) {
            return shape(1 + (w >>> 22 & 1), q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.put(in, 22, 1, size - 1);
            putQ(in, e, bytes);
        }
    },
    /** Bytes. */
    B {
        @Override
        int of(int w) {
            return shape(0, q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            exactly(in, size, 0);
            putQ(in, e, bytes);
        }
    },
    /** Halfwords. */
    H {
        @Override
        int of(int w) {
            return shape(1, q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            exactly(in, size, 1);
            putQ(in, e, bytes);
        }
    },
    /** Words. */
    S {
        @Override
        int of(int w) {
            return shape(2, q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            exactly(in, size, 2);
            putQ(in, e, bytes);
        }
    },
    /** Half as many halfwords as a vector has. */
    HH {
        @Override
        int of(int w) {
            return shape(1, q(w) / 2);
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            exactly(in, size, 1);
            putQ(in, e, bytes * 2);
        }
    },
    /** Element size by the highest bit of immh. */
    I {
        @Override
        int of(int w) {
            return shape(immh(w), q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.lane(in, size);
            putQ(in, e, bytes);
        }
    },
    /** Elements twice as wide as immh says, 128 bits. */
    IW {
        @Override
        int of(int w) {
            return shape(immh(w) + 1, 16);
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            if (size == 0) {
                throw in.mismatch("wider elements expected");
            }
            e.lane(in, size - 1);
            full(in, bytes);
        }
    },
    /** Element size by the lowest bit of imm5. */
    D5 {
        @Override
        int of(int w) {
            return shape(imm5(w), q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.lane(in, size);
            putQ(in, e, bytes);
        }
    },
    /** Of the modified immediates, by the row and cmode. */
    M {
        @Override
        int of(int w) {
            return shape(ModifiedImmediate.elementSize(w), q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.lane(in, size);
            putQ(in, e, bytes);
        }
    },
    /** Structure loads and stores: size in bits 11:10. */
    L {
        @Override
        int of(int w) {
            return shape(w >>> 10 & 3, q(w));
        }

        @Override
        void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch {
            e.put(in, 10, 2, size);
            putQ(in, e, bytes);
        }
    };

    static final String LETTERS = "bhsdq";

    abstract int of(int word);

    abstract void put(OperandText in, Encoder e, int size, int bytes) throws Mismatch;

    static int shape(int size, int bytes) {
        return size | bytes << 4;
    }

    private static int q(int w) {
        return 8 << (w >>> 30 & 1);
    }

    private static void putQ(OperandText in, Encoder e, int bytes) throws Mismatch {
        if (bytes != 8 && bytes != 16) {
            throw in.mismatch("64 or 128 bits expected");
        }
        e.put(in, 30, 1, bytes >>> 4);
    }

    private static void full(OperandText in, int bytes) throws Mismatch {
        if (bytes != 16) {
            throw in.mismatch("128 bits expected");
        }
    }

    private static void exactly(OperandText in, int size, int expected) throws Mismatch {
        if (size != expected) {
            throw in.mismatch("elements of size " + LETTERS.charAt(expected) + " expected");
        }
    }

    static int immh(int w) {
        return 31 - Integer.numberOfLeadingZeros(w >>> 19 & 15 | 1);
    }

    static int imm5(int w) {
        return Integer.numberOfTrailingZeros(w >>> 16 & 31 | 16);
    }

    static void append(StringBuilder out, int shape) {
        int size = shape & 15;
        out.append('.').append((shape >>> 4) >>> size).append(LETTERS.charAt(size));
    }

    /** Reads {@code 8h} after the dot. */
    static int read(OperandText in) throws Mismatch {
        String s = in.name();
        int size = s.isEmpty() ? -1 : LETTERS.indexOf(s.charAt(s.length() - 1));
        int count = size < 0 ? -1 : GeneralRegister.decimal(s.substring(0, s.length() - 1), 0);
        int bytes = count << Math.max(size, 0);
        if (count < 1 || bytes > 16) {
            throw in.mismatch("arrangement expected");
        }
        return shape(size, bytes);
    }
}
