package dev.nido.isa;

/**
 * Memory operands and PC-relative targets. The kind is the template's token: {@code [n]} base only,
 * {@code [n,u12*r]} scaled offset, {@code [n,s9]}, {@code [n,s9]!}, {@code [n],s9}, {@code
 * [n,s7*o]} and so on, {@code [n,reg*r]} register offset; the letter after {@code *} is the scale.
 */
final class AddressOperand extends Operand {
    private enum Offset {
        NONE,
        U12,
        S9,
        S7,
        REGISTER
    }

    private enum Mode {
        OFFSET,
        PRE,
        POST
    }

    private final Offset offset;
    private final Mode mode;
    private final char scale;

    AddressOperand(String token) {
        this.mode =
                token.endsWith("!") ? Mode.PRE : token.startsWith("[n],") ? Mode.POST : Mode.OFFSET;
        this.offset =
                token.contains("u12")
                        ? Offset.U12
                        : token.contains("s9")
                                ? Offset.S9
                                : token.contains("s7")
                                        ? Offset.S7
                                        : token.contains("reg") ? Offset.REGISTER : Offset.NONE;
        int star = token.indexOf('*');
        this.scale = star < 0 ? 'b' : token.charAt(star + 1);
    }

    /** log2 of the scale in bytes. */
    private int scale(int word) {
        return switch (scale) {
            case 'b' -> 0;
            case 'h' -> 1;
            case 'w' -> 2;
            case 'x' -> 3;
            case 'r' -> 2 + bits(word, 30, 1);
            case 'o' -> 2 + bits(word, 31, 1);
            case 'p' -> 2 + bits(word, 30, 2);
            default -> bits(word, 23, 1) == 1 ? 4 : bits(word, 30, 2);
        };
    }

    private long offset(int word) {
        return switch (offset) {
            case U12 -> (long) bits(word, 10, 12) << scale(word);
            case S9 -> (long) (word << 11) >> 23;
            case S7 -> (long) (word << 10 >> 25) << scale(word);
            default -> 0;
        };
    }

    @Override
    void print(StringBuilder out, int word, long pc) {
        out.append('[');
        GeneralRegister.append(out, bits(word, 5, 5), true, true);
        if (mode == Mode.POST) {
            out.append("], ");
            dec(out, offset(word));
            return;
        }
        if (offset == Offset.REGISTER) {
            printRegister(out, word);
        } else if (offset(word) != 0 || mode == Mode.PRE) {
            out.append(", ");
            dec(out, offset(word));
        }
        out.append(mode == Mode.PRE ? "]!" : "]");
    }

    private void printRegister(StringBuilder out, int word) {
        int option = bits(word, 13, 3);
        boolean shifted = bits(word, 12, 1) == 1;
        out.append(", ");
        GeneralRegister.append(out, bits(word, 16, 5), (option & 1) == 1, false);
        if (option != 3) {
            out.append(", ").append(ImmediateOperand.Extended.NAMES[option]);
        } else if (shifted) {
            out.append(", lsl");
        }
        if (shifted) {
            out.append(" #").append(scale(word));
        }
    }

    @Override
    void parse(OperandText in, Encoder e) throws Mismatch {
        in.expect('[');
        int base = GeneralRegister.read(in, true);
        if ((base & GeneralRegister.WIDE) == 0) {
            throw in.mismatch("X register or SP expected");
        }
        e.put(in, 5, 5, base & 31);
        if (mode == Mode.POST) {
            in.expect(']');
            in.expect(',');
            putOffset(in, e, in.immediate());
            return;
        }
        if (offset == Offset.REGISTER) {
            in.expect(',');
            parseRegister(in, e);
        } else {
            long v = 0;
            if (mode == Mode.PRE) {
                in.expect(',');
                v = in.immediate();
            } else if (in.take(',')) {
                v = in.immediate();
            }
            putOffset(in, e, v);
        }
        in.expect(']');
        if (mode == Mode.PRE) {
            in.expect('!');
        }
    }

    private void putOffset(OperandText in, Encoder e, long v) throws Mismatch {
        switch (offset) {
            case NONE -> {
                if (v != 0) {
                    throw in.mismatch("no offset allowed");
                }
            }
            case S9 -> {
                if (v < -256 || v > 255) {
                    throw in.mismatch("offset out of range");
                }
                e.put(in, 12, 9, v & 511);
            }
            default -> {
                int s = scale(e.word());
                if ((v & (1L << s) - 1) != 0) {
                    throw in.mismatch("offset must be a multiple of " + (1 << s));
                }
                long scaled = v >> s;
                if (offset == Offset.U12) {
                    if (scaled < 0 || scaled > 4095) {
                        throw in.mismatch("offset out of range");
                    }
                    e.put(in, 10, 12, scaled);
                } else {
                    if (scaled < -64 || scaled > 63) {
                        throw in.mismatch("offset out of range");
                    }
                    e.put(in, 15, 7, scaled & 127);
                }
            }
        }
    }

    private void parseRegister(OperandText in, Encoder e) throws Mismatch {
        int r = GeneralRegister.read(in, false);
        boolean wide = (r & GeneralRegister.WIDE) != 0;
        int option = wide ? 3 : -1;
        boolean shifted = false;
        if (in.take(',')) {
            String name = in.name();
            option =
                    switch (name) {
                        case "lsl" -> 3;
                        case "uxtw" -> 2;
                        case "sxtw" -> 6;
                        case "sxtx" -> 7;
                        default -> throw in.mismatch("extension expected");
                    };
            if (!in.peek(']')) {
                long amount = in.immediate();
                int s = scale(e.word());
                if (amount != 0 && amount != s) {
                    throw in.mismatch("shift must be 0 or " + s);
                }
                // A byte's only shift is zero: writing it at all says S = 1.
                shifted = amount == s;
            } else if (option == 3) {
                throw in.mismatch("shift amount expected");
            }
        }
        if (option < 0 || wide != ((option & 1) == 1)) {
            throw in.mismatch("register width and extension do not agree");
        }
        e.put(in, 16, 5, r & 31);
        e.put(in, 13, 3, option);
        e.put(in, 12, 1, shifted ? 1 : 0);
    }

    /** A PC-relative branch target or literal. */
    static final class Target extends Operand {
        private final int lo;
        private final int width;
        private final boolean literal;

        /**
         * @param literal whether the assembler may make the literal itself ({@code =value})
         */
        Target(int lo, int width, boolean literal) {
            this.lo = lo;
            this.width = width;
            this.literal = literal;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            long delta = (long) (word << 32 - lo - width >> 32 - width) * 4;
            out.append("0x").append(Long.toHexString(pc + delta));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long target;
            if (literal && in.peek('=')) {
                // The assembler has put the literal in its pool and defined this symbol for it.
                String name = in.rest();
                Long at = in.scope().value(name);
                if (at == null) {
                    throw in.mismatch("no literal pool here");
                }
                in.skipRest();
                target = at;
            } else {
                target = in.immediate();
            }
            long delta = target - e.pc;
            if ((delta & 3) != 0) {
                throw in.mismatch("target is not aligned");
            }
            long words = delta >> 2;
            if (words < -(1L << width - 1) || words >= 1L << width - 1) {
                throw in.mismatch("target out of range");
            }
            e.put(in, lo, width, words & (1L << width) - 1);
        }
    }

    /** The target of ADR and ADRP. */
    static final class PcRelative extends Operand {
        private final boolean page;

        PcRelative(boolean page) {
            this.page = page;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            long delta = (long) (word << 8 >> 13) << 2 | bits(word, 29, 2);
            long target = page ? (pc & -4096L) + (delta << 12) : pc + delta;
            out.append("0x").append(Long.toHexString(target));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            long target = in.immediate();
            long delta = page ? (target >> 12) - (e.pc >> 12) : target - e.pc;
            if (delta < -(1L << 20) || delta >= 1L << 20) {
                throw in.mismatch("target out of range");
            }
            e.put(in, 29, 2, delta & 3);
            e.put(in, 5, 19, delta >> 2 & 0x7ffff);
        }
    }
}
