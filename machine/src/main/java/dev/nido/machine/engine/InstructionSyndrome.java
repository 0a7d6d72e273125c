package dev.nido.machine.engine;

import dev.nido.isa.A64;
import dev.nido.machine.pe.GuestException;

/**
 * Completes the syndrome of a stage-2 Data Abort with what the instruction says: ISS.{ISV, SAS,
 * SSE, SRT, SF, AR} (Arm ARM D24.2.40, ISS encoding for an exception from a Data Abort).
 */
final class InstructionSyndrome {
    private InstructionSyndrome() {}

    private static final int DATA_ABORT = 0x24;
    private static final int ISV = 1 << 24;
    private static final int S1PTW = 1 << 7;
    private static final int CM = 1 << 8;

    static GuestException complete(GuestException e, int word) {
        if (e.exceptionClass != DATA_ABORT || (e.iss & (S1PTW | CM)) != 0) {
            return e;
        }
        int fields = fields(word);
        if (fields == 0) {
            return e;
        }
        return new GuestException(
                e.exceptionClass,
                e.iss | fields,
                e.targetEl,
                e.far,
                e.farValid,
                e.ipa,
                e.ipaValid,
                false);
    }

    /**
     * The instruction's bits of the ISS; zero unless it transfers one general register without
     * write-back.
     */
    static int fields(int word) {
        A64 row = A64.decode(word);
        if (row == null) {
            return 0;
        }
        int size = word >>> 30;
        int opc = word >>> 22 & 3;
        boolean ordered = false;
        switch (row) {
            case LDR_IMM_UNSIGNED,
                    LDRB_IMM_UNSIGNED,
                    LDRH_IMM_UNSIGNED,
                    LDRSB_IMM_UNSIGNED,
                    LDRSH_IMM_UNSIGNED,
                    LDRSW_IMM_UNSIGNED,
                    STR_IMM_UNSIGNED,
                    STRB_IMM_UNSIGNED,
                    STRH_IMM_UNSIGNED,
                    LDR_REG,
                    LDRB_REG,
                    LDRH_REG,
                    LDRSB_REG,
                    LDRSH_REG,
                    LDRSW_REG,
                    STR_REG,
                    STRB_REG,
                    STRH_REG,
                    LDUR,
                    LDURB,
                    LDURH,
                    LDURSB,
                    LDURSH,
                    LDURSW,
                    STUR,
                    STURB,
                    STURH,
                    LDTR,
                    LDTRB,
                    LDTRH,
                    LDTRSB,
                    LDTRSH,
                    LDTRSW,
                    STTR,
                    STTRB,
                    STTRH -> {}
            case LDR_LIT -> {
                opc = 1;
                size = (word >>> 30 & 1) + 2;
            }
            case LDRSW_LIT -> {
                opc = 2;
                size = 2;
            }
            case LDAPUR, LDAPURB, LDAPURH, LDAPURSB, LDAPURSH, LDAPURSW, STLUR, STLURB, STLURH ->
                    ordered = true;
            case LDAR, LDARB, LDARH, LDLAR, LDLARB, LDLARH, LDAPR, LDAPRB, LDAPRH -> {
                ordered = true;
                opc = 1;
            }
            case STLR, STLRB, STLRH, STLLR, STLLRB, STLLRH -> {
                ordered = true;
                opc = 0;
            }
            default -> {
                return 0;
            }
        }
        boolean signed = opc >= 2;
        boolean wide = signed ? opc == 2 : size == 3;
        return ISV
                | size << 22
                | (signed ? 1 << 21 : 0)
                | (word & 31) << 16
                | (wide ? 1 << 15 : 0)
                | (ordered ? 1 << 14 : 0);
    }
}
