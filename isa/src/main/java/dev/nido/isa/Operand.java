package dev.nido.isa;

/**
 * One operand of an assembly form: how it reads in text. The tokens of {@link A64}'s and {@link
 * Alias}'s templates name operands; {@link OperandFactory} makes them.
 */
abstract class Operand {

    /** Whether the operand may be absent; it then prints and reads its own comma. */
    boolean optional() {
        return false;
    }

    /** Whether the operand takes no text at all. */
    boolean hidden() {
        return false;
    }

    /** Whether the form can say what the word means; a form that can't is not used to print it. */
    boolean describes(int word) {
        return true;
    }

    abstract void print(StringBuilder out, int word, long pc);

    abstract void parse(OperandText in, Encoder e) throws Mismatch;

    static int bits(int word, int lo, int width) {
        return word >>> lo & (1 << width) - 1;
    }

    static void hex(StringBuilder out, long value) {
        out.append("#0x").append(Long.toHexString(value));
    }

    static void dec(StringBuilder out, long value) {
        out.append('#').append(value);
    }

    /** Names of the conditions by number (Arm ARM C1.2.4). */
    static final String[] CONDITIONS = {
        "eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al",
        "nv"
    };

    static int condition(OperandText in) throws Mismatch {
        int start = in.position();
        String name = in.name();
        for (int i = 0; i < CONDITIONS.length; i++) {
            if (CONDITIONS[i].equals(name)) {
                return i;
            }
        }
        switch (name) {
            case "hs":
                return 2;
            case "lo":
                return 3;
            default:
                in.reset(start);
                throw in.mismatch("condition expected");
        }
    }
}
