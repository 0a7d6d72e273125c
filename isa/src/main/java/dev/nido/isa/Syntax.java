package dev.nido.isa;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One way to write a row, made from a template: a mnemonic, in which <code>{field:a,b}</code> is
 * one of several suffixes by the value of a field, and operands separated by {@code ", "}. {@code
 * =} marks an operand that the instruction writes, {@code ?} one that may be absent, {@code %} one
 * that takes no text.
 */
final class Syntax {

    /** A suffix of the mnemonic that a field chooses. */
    private record Suffix(A64.Field field, String[] names) {}

    private static final Syntax[] OF_ROW = new Syntax[A64.values().length];
    private static final Syntax[][] PRINTED = new Syntax[OF_ROW.length][];
    private static final Map<String, List<Spelling>> BY_MNEMONIC = new HashMap<>();

    /** A form with the suffixes of its mnemonic chosen. */
    record Spelling(Syntax form, int mask, int value) {}

    static {
        List<List<Syntax>> printed = new ArrayList<>();
        List<Syntax> forms = new ArrayList<>();
        for (A64 row : A64.values()) {
            OF_ROW[row.ordinal()] = new Syntax(row, "", row.syntax());
            forms.add(OF_ROW[row.ordinal()]);
            printed.add(new ArrayList<>());
        }
        for (Alias a : Alias.all()) {
            Syntax s = new Syntax(a.row(), a.when(), a.syntax());
            forms.add(s);
            if (a.printed()) {
                printed.get(a.row().ordinal()).add(s);
            }
        }
        for (int i = 0; i < PRINTED.length; i++) {
            printed.get(i).add(OF_ROW[i]);
            PRINTED[i] = printed.get(i).toArray(Syntax[]::new);
        }
        for (Syntax s : forms) {
            s.spell(0, new StringBuilder(), 0, 0);
        }
    }

    private final A64 row;
    private final int mask;
    private final int value;
    private final String[] literals;
    private final Suffix[] suffixes;
    private final Operand[] operands;

    /** A fixed operand that is text, as in {@code psb csync}; null if there is none. */
    private final String fixedText;

    private Syntax(A64 row, String when, String template) {
        this.row = row;
        int fixed = 0;
        int ones = 0;
        if (!when.isEmpty()) {
            int[] pair = row.conjunction(when);
            fixed = pair[0];
            ones = pair[1];
        }
        this.mask = row.mask() | fixed;
        this.value = row.value() | ones;
        int space = template.indexOf(' ');
        String mnemonic = space < 0 ? template : template.substring(0, space);
        List<String> texts = new ArrayList<>();
        List<Suffix> choices = new ArrayList<>();
        int at = 0;
        for (int open = mnemonic.indexOf('{'); open >= 0; open = mnemonic.indexOf('{', at)) {
            texts.add(mnemonic.substring(at, open));
            int close = mnemonic.indexOf('}', open);
            int colon = mnemonic.indexOf(':', open);
            A64.Field f = row.field(mnemonic.substring(open + 1, colon));
            choices.add(new Suffix(f, mnemonic.substring(colon + 1, close).split(",", -1)));
            at = close + 1;
        }
        texts.add(mnemonic.substring(at));
        this.literals = texts.toArray(String[]::new);
        this.suffixes = choices.toArray(Suffix[]::new);
        List<Operand> list = new ArrayList<>();
        String text = null;
        if (space >= 0) {
            String rest = template.substring(space + 1);
            if (row == A64.HINT && !rest.equals("hint")
                    || rest.startsWith("#") && !rest.contains(":")) {
                text = rest;
            } else {
                for (String token : rest.split(", ")) {
                    list.add(OperandFactory.make(row, token));
                }
            }
        }
        this.operands = list.toArray(Operand[]::new);
        this.fixedText = text;
    }

    private void spell(int index, StringBuilder text, int m, int v) {
        int length = text.length();
        text.append(literals[index]);
        if (index == suffixes.length) {
            BY_MNEMONIC
                    .computeIfAbsent(text.toString(), k -> new ArrayList<>())
                    .add(new Spelling(this, m, v));
        } else {
            Suffix s = suffixes[index];
            for (int i = 0; i < s.names.length; i++) {
                int here = text.length();
                text.append(s.names[i]);
                spell(index + 1, text, m | s.field.put(0, -1), v | s.field.put(0, i));
                text.setLength(here);
            }
        }
        text.setLength(length);
    }

    /** The form that a row's own template declares. */
    static Syntax of(A64 row) {
        return OF_ROW[row.ordinal()];
    }

    /** Every form that a mnemonic, in lower case, may mean; null if there is none. */
    static List<Spelling> forms(String mnemonic) {
        return BY_MNEMONIC.get(mnemonic);
    }

    /** The form in which a disassembler shows a word of a row. */
    static Syntax preferred(A64 row, int word) {
        Syntax[] forms = PRINTED[row.ordinal()];
        for (Syntax s : forms) {
            if (s.describes(word)) {
                return s;
            }
        }
        return forms[forms.length - 1];
    }

    A64 row() {
        return row;
    }

    private boolean describes(int word) {
        if ((word & mask) != value) {
            return false;
        }
        for (Operand o : operands) {
            if (!o.describes(word)) {
                return false;
            }
        }
        return true;
    }

    void print(StringBuilder out, int word, long pc) {
        for (int i = 0; i < literals.length; i++) {
            out.append(literals[i]);
            if (i < suffixes.length) {
                out.append(suffixes[i].names[suffixes[i].field.of(word)]);
            }
        }
        if (fixedText != null) {
            out.append('\t').append(fixedText);
        }
        boolean first = true;
        for (Operand o : operands) {
            if (o.hidden()) {
                continue;
            }
            if (first) {
                int before = out.length();
                out.append('\t');
                o.print(out, word, pc);
                if (o.optional() && out.length() == before + 1) {
                    out.setLength(before);
                } else if (o.optional()) {
                    // The operand's own comma, where no operand is before it.
                    out.delete(before + 1, before + 3);
                }
                first = false;
            } else {
                if (!o.optional()) {
                    out.append(", ");
                }
                o.print(out, word, pc);
            }
        }
    }

    /** Encodes operands in this form, with the mnemonic's suffixes as {@code spelling} says. */
    static int encode(Spelling spelling, OperandText in, long pc) throws Mismatch {
        Syntax s = spelling.form;
        if (((s.value ^ spelling.value) & s.mask & spelling.mask) != 0) {
            throw in.mismatch("suffix not allowed");
        }
        Encoder e = new Encoder(s.row, s.value | spelling.value, s.mask | spelling.mask, pc);
        if (s.fixedText != null) {
            String text = in.rest().toLowerCase(java.util.Locale.ROOT);
            if (!text.equals(s.fixedText) && !text.equals(s.fixedText.replace("#", ""))) {
                throw in.mismatch("operand not allowed");
            }
            return e.word();
        }
        boolean first = true;
        for (Operand o : s.operands) {
            if (!first && !o.hidden() && !o.optional()) {
                in.expect(',');
            }
            o.parse(in, e);
            first &= o.hidden();
        }
        if (!in.end()) {
            throw in.mismatch("unexpected text after the operands");
        }
        int word = e.word();
        if (A64.decode(word) != s.row || s.row.reserved(word) && s.row != A64.UDF) {
            throw in.mismatch("operands make a reserved encoding");
        }
        return word;
    }
}
