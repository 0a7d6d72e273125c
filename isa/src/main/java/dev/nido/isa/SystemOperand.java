package dev.nido.isa;

import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Operands of system instructions: registers, PSTATE fields, barriers, hints, prefetch, SYS names.
 */
final class SystemOperand {
    private SystemOperand() {}

    private static void put(OperandText in, Encoder e, int key) throws Mismatch {
        // MRS and MSR have op0<1> fixed to one in the pattern, SYS has op0 = 1.
        e.put(in, 5, 15, key & 0x7fff);
    }

    /** A system register by its name, or {@code S3_0_C1_C0_0}. */
    static final class Register extends Operand {
        private static final Map<String, Integer> KEYS = new HashMap<>();

        static {
            for (SysReg r : SysReg.values()) {
                KEYS.put(r.name().toLowerCase(Locale.ROOT), r.key());
            }
            KEYS.put("dbgdtrtx_el0", SysReg.key(2, 3, 0, 5, 0));
        }

        /**
         * The key of a register name, an _EL12 or _EL02 alias, or a generic name; null if there is
         * none.
         */
        static Integer key(String name) {
            Integer key = KEYS.get(name);
            if (key != null) {
                return key;
            }
            if (name.endsWith("_el12") || name.endsWith("_el02")) {
                String behind = name.substring(0, name.length() - 1);
                behind =
                        name.endsWith("_el12")
                                ? behind
                                : name.substring(0, name.length() - 2) + "0";
                Integer base = KEYS.get(behind);
                if (base != null) {
                    int alias = base & ~(7 << 11) | 5 << 11;
                    SysReg r = SysReg.decode(alias);
                    return r != null && r.key() == base && SysReg.isAlias(alias) ? alias : null;
                }
                return null;
            }
            return generic(name);
        }

        private static Integer generic(String name) {
            String[] parts = name.split("_");
            if (parts.length != 5 || parts[0].length() != 2 || parts[0].charAt(0) != 's') {
                return null;
            }
            if (parts[2].isEmpty()
                    || parts[2].charAt(0) != 'c'
                    || parts[3].isEmpty()
                    || parts[3].charAt(0) != 'c') {
                return null;
            }
            int op0 = GeneralRegister.decimal(parts[0], 1);
            int op1 = GeneralRegister.decimal(parts[1], 0);
            int crn = GeneralRegister.decimal(parts[2], 1);
            int crm = GeneralRegister.decimal(parts[3], 1);
            int op2 = GeneralRegister.decimal(parts[4], 0);
            boolean fits =
                    op0 >= 0 && op0 < 4 && op1 >= 0 && op1 < 8 && crn >= 0 && crn < 16 && crm >= 0
                            && crm < 16;
            return fits && op2 >= 0 && op2 < 8
                    ? (Integer) SysReg.key(op0, op1, crn, crm, op2)
                    : null;
        }

        /** The assembler's name of a key, in lower case. */
        static String name(int key, boolean read) {
            if (key == SysReg.key(2, 3, 0, 5, 0)) {
                return read ? "dbgdtrrx_el0" : "dbgdtrtx_el0";
            }
            SysReg r = SysReg.decode(key);
            if (r == null) {
                return String.format(
                        "s%d_%d_c%d_c%d_%d",
                        key >> 14, key >> 11 & 7, key >> 7 & 15, key >> 3 & 15, key & 7);
            }
            String name = r.name().toLowerCase(Locale.ROOT);
            if (SysReg.isAlias(key)) {
                return name.endsWith("_el1")
                        ? name + "2"
                        : name.substring(0, name.length() - 1) + "02";
            }
            return name;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            out.append(name(word >>> 5 & 0xffff, bits(word, 21, 1) == 1));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int start = in.position();
            String name = in.name();
            Integer key = key(name);
            if (key == null || key >> 15 == 0) {
                in.reset(start);
                throw in.mismatch("unknown system register " + name);
            }
            put(in, e, key);
        }
    }

    /** {@code Cn} or {@code Cm} of SYS. */
    static final class Coordinate extends Operand {
        private final int lo;

        Coordinate(int lo) {
            this.lo = lo;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            out.append('C').append(bits(word, lo, 4));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            String name = in.name();
            int n = name.startsWith("c") ? GeneralRegister.decimal(name, 1) : -1;
            if (n < 0) {
                throw in.mismatch("C0 to C15 expected");
            }
            e.put(in, lo, 4, n);
        }
    }

    /** The operation of AT, TLBI, DC and IC with its register, if it takes one. */
    static final class Operation extends Operand {
        private final String prefix;

        Operation(String mnemonic) {
            this.prefix = mnemonic.toUpperCase(Locale.ROOT) + "_";
        }

        private static boolean takesRegister(SystemOperation o) {
            String n = o.name();
            return !n.contains("VMALL") && !n.contains("_ALLE") && !n.contains("IALLU");
        }

        @Override
        boolean describes(int word) {
            SystemOperation o = SystemOperation.decode(word >>> 5 & 0xffff);
            return o != null
                    && o.name().startsWith(prefix)
                    && (takesRegister(o) || (word & 31) == 31);
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            SystemOperation o = SystemOperation.decode(word >>> 5 & 0xffff);
            out.append(o.name().substring(prefix.length()).toLowerCase(Locale.ROOT));
            if (takesRegister(o)) {
                out.append(", ");
                GeneralRegister.append(out, word & 31, true, false);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int start = in.position();
            String name = prefix + in.name().toUpperCase(Locale.ROOT);
            for (SystemOperation o : SystemOperation.values()) {
                if (o.name().equals(name)) {
                    put(in, e, o.key());
                    int t = 31;
                    if (takesRegister(o)) {
                        in.expect(',');
                        int r = GeneralRegister.read(in, false);
                        if ((r & GeneralRegister.WIDE) == 0) {
                            throw in.mismatch("X register expected");
                        }
                        t = r & 31;
                    }
                    e.put(in, 0, 5, t);
                    return;
                }
            }
            in.reset(start);
            throw in.mismatch("unknown operation");
        }
    }

    /** The PSTATE field of MSR (immediate). */
    static final class PstateField extends Operand {
        private static final String[] NAMES = {
            "uao", "pan", "spsel", "ssbs", "dit", "daifset", "daifclr"
        };
        private static final int[] CODES = {0x03, 0x04, 0x05, 0x31, 0x32, 0x36, 0x37};

        @Override
        boolean describes(int word) {
            return index(word) >= 0;
        }

        private static int index(int word) {
            int code = bits(word, 16, 3) << 4 | bits(word, 5, 3);
            for (int i = 0; i < CODES.length; i++) {
                if (CODES[i] == code) {
                    return i;
                }
            }
            return -1;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            out.append(NAMES[index(word)]);
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int start = in.position();
            String name = in.name();
            for (int i = 0; i < NAMES.length; i++) {
                if (NAMES[i].equals(name)) {
                    e.put(in, 16, 3, CODES[i] >> 4);
                    e.put(in, 5, 3, CODES[i] & 7);
                    return;
                }
            }
            in.reset(start);
            throw in.mismatch("PSTATE field expected");
        }
    }

    /** A name for a value of CRm: barrier domains. Optional for ISB and CLREX. */
    static final class Barrier extends Operand {
        private static final String[] DOMAINS = {
            null, "oshld", "oshst", "osh", null, "nshld", "nshst", "nsh", //
            null, "ishld", "ishst", "ish", null, "ld", "st", "sy"
        };

        private final boolean optional;
        private final boolean onlySy;

        Barrier(boolean optional, boolean onlySy) {
            this.optional = optional;
            this.onlySy = onlySy;
        }

        @Override
        boolean optional() {
            return optional;
        }

        @Override
        void print(StringBuilder out, int word, long pc) {
            int crm = bits(word, 8, 4);
            if (optional) {
                if (crm == 15) {
                    return;
                }
                out.append(", ");
            }
            if (onlySy || DOMAINS[crm] == null) {
                if (onlySy) {
                    hex(out, crm);
                } else {
                    out.append("#0x0").append(Integer.toHexString(crm));
                }
            } else {
                out.append(DOMAINS[crm]);
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            if (optional && in.end()) {
                e.put(in, 8, 4, 15);
                return;
            }
            int start = in.position();
            String name = in.name();
            for (int i = 0; i < 16; i++) {
                if (name.equals(DOMAINS[i]) && (!onlySy || i == 15)) {
                    e.put(in, 8, 4, i);
                    return;
                }
            }
            in.reset(start);
            e.put(in, 8, 4, in.immediate());
        }
    }

    /** The seven bits of HINT. */
    static final class Hint extends Operand {
        @Override
        void print(StringBuilder out, int word, long pc) {
            hex(out, bits(word, 5, 7));
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            e.put(in, 5, 7, in.immediate());
        }
    }

    /** The operation of PRFM: {@code pldl1keep}. */
    static final class Prefetch extends Operand {
        private static final String[] TYPES = {"pld", "pli", "pst"};

        @Override
        void print(StringBuilder out, int word, long pc) {
            int type = bits(word, 3, 2);
            int target = bits(word, 1, 2);
            if (type == 3 || target == 3) {
                out.append(String.format("#0x%02x", word & 31));
            } else {
                out.append(TYPES[type]).append('l').append(target + 1);
                out.append((word & 1) == 0 ? "keep" : "strm");
            }
        }

        @Override
        void parse(OperandText in, Encoder e) throws Mismatch {
            int start = in.position();
            String name = in.name();
            StringBuilder tried = new StringBuilder();
            for (int i = 0; i < 32; i++) {
                tried.setLength(0);
                print(tried, i, 0);
                if (name.contentEquals(tried)) {
                    e.put(in, 0, 5, i);
                    return;
                }
            }
            in.reset(start);
            e.put(in, 0, 5, in.immediate());
        }
    }
}
