package dev.nido.isa;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes operands from the tokens of templates. */
final class OperandFactory {
    private static final Pattern GENERAL = Pattern.compile("([WXR])(d|n|m|a|t|t2|s)(\\|SP)?");
    private static final Pattern SCALAR = Pattern.compile("([BHSDQFCZYIELP])(\\+?)(d|n|m|a|t|t2)");
    private static final Pattern VECTOR = Pattern.compile("V(d|n|m|a|nm)\\.(\\w+)");
    private static final Pattern INDEXED = Pattern.compile("Vm\\.(e|f|half|dot|complex)\\[i\\]");
    private static final Pattern ELEMENT = Pattern.compile("V([dn])\\.E\\[([i4])\\]");

    private OperandFactory() {}

    static Operand make(A64 row, String token) {
        // What "=" marks is for WrittenRegisters.
        Operand o = operand(row, token.startsWith("=") ? token.substring(1) : token);
        if (o == null) {
            throw new IllegalArgumentException(row + ": unknown operand " + token);
        }
        return o;
    }

    private static Operand operand(A64 row, String t) {
        Matcher m = GENERAL.matcher(t);
        if (m.matches()) {
            boolean tested = row == A64.TBZ || row == A64.TBNZ;
            return tested
                    ? new GeneralRegister.Tested()
                    : new GeneralRegister(row, t.charAt(0), "R" + m.group(2), m.group(3) != null);
        }
        m = SCALAR.matcher(t);
        if (m.matches()) {
            return new VectorOperand.Scalar(
                    row.field("R" + m.group(3)), t.charAt(0), !m.group(2).isEmpty());
        }
        m = INDEXED.matcher(t);
        if (m.matches()) {
            return new VectorOperand.Indexed(m.group(1));
        }
        m = ELEMENT.matcher(t);
        if (m.matches()) {
            return new VectorOperand.Element(row.field("R" + m.group(1)), m.group(2).equals("4"));
        }
        m = VECTOR.matcher(t);
        if (m.matches()) {
            boolean twice = m.group(1).equals("nm");
            return new VectorOperand.Whole(
                    row.field(twice ? "Rn" : "R" + m.group(1)), twice, m.group(2));
        }
        if (t.startsWith("#")) {
            return new ImmediateOperand.Plain(row.field(t.substring(3)), t.charAt(1) == 'x');
        }
        if (t.startsWith("%=X")) {
            return new GeneralRegister.Implied();
        }
        if (t.startsWith("%")) {
            int equals = t.indexOf('=');
            A64.Field f = row.field(t.substring(1, equals));
            String as = t.substring(equals + 1);
            return Character.isDigit(as.charAt(0))
                    ? new ImmediateOperand.Fixed(f, Integer.parseInt(as, 2))
                    : new ImmediateOperand.Tie(f, row.field(as));
        }
        if (t.equals("[n],post")) {
            return new StructureOperand.PostIndex(row);
        }
        if (t.startsWith("[n")) {
            return new AddressOperand(t);
        }
        if (t.startsWith("list") || t.startsWith("rep") || t.startsWith("lane")) {
            return new StructureOperand(t);
        }
        if (t.startsWith("sysop:")) {
            return new SystemOperand.Operation(t.substring(6));
        }
        return named(row, t);
    }

    private static Operand named(A64 row, String t) {
        return switch (t) {
            case "Rnm" -> new GeneralRegister.Twice(row);
            case "RQd" -> new GeneralRegister(row, 'R', "Rd", false);
            case "R5n" -> new VectorOperand.ElementTransfer();
            case "Pair_s" -> new GeneralRegister.Pair(row.field("Rs"));
            case "Pair_t" -> new GeneralRegister.Pair(row.field("Rt"));
            case "?Xt" -> new GeneralRegister.OptionalTransfer();
            case "aimm" -> new ImmediateOperand.Arithmetic(false);
            case "-aimm" -> new ImmediateOperand.Arithmetic(true);
            case "bimm" -> new ImmediateOperand.Bitmask(false);
            case "movbimm" -> new ImmediateOperand.Bitmask(true);
            case "movw" -> new ImmediateOperand.MoveWide();
            case "movz" -> new ImmediateOperand.Move(false);
            case "movn" -> new ImmediateOperand.Move(true);
            case "lslimm" -> new ImmediateOperand.BitfieldShift(true);
            case "asrimm" -> new ImmediateOperand.BitfieldShift(false);
            case "insert" -> new ImmediateOperand.BitRange(true);
            case "extract" -> new ImmediateOperand.BitRange(false);
            case "extreg" -> new ImmediateOperand.Extended();
            case "?shift" -> new ImmediateOperand.Shift(false);
            case "?shiftror" -> new ImmediateOperand.Shift(true);
            case "cond" -> new ImmediateOperand.Condition(false);
            case "invcond" -> new ImmediateOperand.Condition(true);
            case "bit" -> new ImmediateOperand.TestedBit();
            case "label26" -> new AddressOperand.Target(0, 26, false);
            case "label19" -> new AddressOperand.Target(5, 19, false);
            case "literal19" -> new AddressOperand.Target(5, 19, true);
            case "label14" -> new AddressOperand.Target(5, 14, false);
            case "adr" -> new AddressOperand.PcRelative(false);
            case "adrp" -> new AddressOperand.PcRelative(true);
            case "sysreg" -> new SystemOperand.Register();
            case "crn" -> new SystemOperand.Coordinate(12);
            case "crm" -> new SystemOperand.Coordinate(8);
            case "pstate" -> new SystemOperand.PstateField();
            case "barrier" -> new SystemOperand.Barrier(false, false);
            case "?isb", "?crm" -> new SystemOperand.Barrier(true, true);
            case "hint" -> new SystemOperand.Hint();
            case "prfop" -> new SystemOperand.Prefetch();
            case "table" -> new VectorOperand.Table();
            case "modimm" -> new ModifiedImmediate.Shifted();
            case "modfp" -> new ModifiedImmediate.VectorFp();
            case "fimm8" -> new ModifiedImmediate.ScalarFp();
            case "MOVId" -> new ModifiedImmediate.MaskTarget();
            case "modimm64" -> new ModifiedImmediate.Mask64();
            case "shl" -> new ModifiedImmediate.Shift(true, false);
            case "shl0" -> new ModifiedImmediate.Shift(true, true);
            case "shr" -> new ModifiedImmediate.Shift(false, false);
            case "fbits" -> new ModifiedImmediate.FractionBits();
            case "shll" -> new ModifiedImmediate.ElementWidth();
            case "rot", "rot270" -> new ModifiedImmediate.Rotation(row.field("rot"));
            case "zero" -> new ModifiedImmediate.Zero("0");
            case "zero.0" -> new ModifiedImmediate.Zero("0.0");
            case "Fm|0" ->
                    new ModifiedImmediate.RegisterOrZero(
                            new VectorOperand.Scalar(row.field("Rm"), 'F', false));
            case "FMOVd" -> new ModifiedImmediate.MoveGeneral(0);
            case "FMOVn" -> new ModifiedImmediate.MoveGeneral(5);
            default -> null;
        };
    }
}
