package dev.nido.kvm.sysreg;

import dev.nido.arch.CptrEl2;
import dev.nido.arch.MdscrEl1;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.isa.Assembler;
import dev.nido.isa.Disassembler;

import java.util.SplittableRandom;

/** Random accesses to system registers, in random states, with the guest's controls at random. */
final class AccessGenerator {

    /** Registers that decide what other accesses do. */
    private static final SysReg[] CONTROLS = {
        SysReg.SCTLR_EL1, SysReg.CPACR_EL1, SysReg.CNTKCTL_EL1, SysReg.PMUSERENR_EL0,
        SysReg.MDSCR_EL1, SysReg.PMSELR_EL0, SysReg.CSSELR_EL1, SysReg.PMCR_EL0,
        SysReg.PMCNTENSET_EL0, SysReg.PMEVTYPER0_EL0, SysReg.PMEVTYPER1_EL0, SysReg.OSLAR_EL1,
        SysReg.DBGBVR4_EL1, SysReg.DBGBCR4_EL1, SysReg.DBGBCR5_EL1, SysReg.DBGWVR0_EL1,
        SysReg.DBGWCR0_EL1, SysReg.CONTEXTIDR_EL1
    };

    private static final long SCTLR_RANDOM =
            SctlrEl1.UMA
                    | SctlrEl1.DZE
                    | SctlrEl1.UCT
                    | SctlrEl1.UCI
                    | SctlrEl1.NTWI
                    | SctlrEl1.NTWE
                    | SctlrEl1.SPAN
                    | SctlrEl1.DSSBS
                    | SctlrEl1.A
                    | SctlrEl1.SA
                    | SctlrEl1.WXN;

    /** Loads and stores with X1 for an address and X0, X2, V0 for data. */
    static final int[] MEMORY =
            Assembler.assemble(
                            """
                            ldr x0, [x1]
                            ldr w0, [x1, #4]
                            ldrb w0, [x1]
                            ldrsh x0, [x1]
                            ldrsw x0, [x1]
                            ldr x0, [x1], #8
                            ldr q0, [x1]
                            ldp x0, x2, [x1]
                            ldp w0, w2, [x1, #8]!
                            ldpsw x0, x2, [x1]
                            ldp q0, q1, [x1]
                            ld1 {v0.8b, v1.8b}, [x1]
                            ld4 {v0.4s, v1.4s, v2.4s, v3.4s}, [x1], #64
                            ldar x0, [x1]
                            ldaprb w0, [x1]
                            ldxr x0, [x1]
                            ldaxp x0, x2, [x1]
                            stxr w2, x0, [x1]
                            stlxp w2, x0, x0, [x1]
                            str x0, [x1]
                            str w0, [x1, #4]
                            strb w0, [x1]
                            strh w0, [x1, #-2]!
                            str q0, [x1]
                            stp x0, x2, [x1]
                            stp q0, q1, [x1, #-32]!
                            st1 {v0.16b}, [x1]
                            st3 {v0.8h, v1.8h, v2.8h}, [x1]
                            stlr x0, [x1]
                            ldtr x0, [x1]
                            sttr w0, [x1]
                            ldadd x0, x2, [x1]
                            swpalb w0, w2, [x1]
                            cas x0, x2, [x1]
                            casp x2, x3, x4, x5, [x1]
                            prfm pldl1keep, [x1]
                            ldr x0, [x1, x2]
                            br x1
                            """,
                            0)
                    .words();

    private static final int NOP = SysReg.key(0, 3, 2, 0, 0);

    /** Would end the test unless it traps. */
    private static final int WFI = SysReg.key(0, 3, 2, 0, 3);

    /** IPS, TBI0, TBI1, HA, HD, HPD0, HPD1. */
    private static final long TCR_RANDOM = 7L << 32 | 0x3fL << 37;

    /** 39 bits of addresses in each half, granules of 4 KiB. */
    private static final long TCR = 25 | 25 << 16 | 2L << 30;

    /** An access: an instruction word with Rt = X0 or XZR, the state before it. */
    record Access(int word, long x0, long x1, long pstate, long sctlr, long tcr) {

        boolean memory() {
            return word >>> 24 != 0xd5;
        }

        int key() {
            return word >>> 5 & 0xffff;
        }

        boolean read() {
            return (word >>> 21 & 1) != 0;
        }

        @Override
        public String toString() {
            if (memory()) {
                return "%s, X0 0x%x, X1 0x%x, PSTATE 0x%x, SCTLR 0x%x, TCR 0x%x"
                        .formatted(Disassembler.disassemble(0, word), x0, x1, pstate, sctlr, tcr);
            }
            int key = key();
            SysReg r = SysReg.decode(key);
            SystemOperation o = SystemOperation.decode(key);
            return "%s S%d_%d_C%d_C%d_%d %s, Rt %d, X0 0x%x, PSTATE 0x%x, SCTLR 0x%x, TCR 0x%x"
                    .formatted(
                            read() ? "MRS" : "MSR",
                            key >> 14,
                            key >> 11 & 7,
                            key >> 7 & 15,
                            key >> 3 & 15,
                            key & 7,
                            r != null ? r : o,
                            word & 31,
                            x0,
                            pstate,
                            sctlr,
                            tcr);
        }
    }

    private final SplittableRandom random;
    private final long scratch;
    private long sctlr = SctlrEl1.RESET;
    private long tcr = TCR;
    private final SysReg[] registers = SysReg.values();
    private final SystemOperation[] operations = SystemOperation.values();

    /**
     * @param scratch address of RAM that instructions may write, of 64 KiB
     */
    AccessGenerator(long seed, long scratch) {
        random = new SplittableRandom(seed);
        this.scratch = scratch;
    }

    Access next() {
        if (random.nextInt(8) == 0) {
            sctlr = control(SysReg.SCTLR_EL1);
            tcr = TCR | random.nextLong() & TCR_RANDOM;
        }
        int kind = random.nextInt(10);
        if (kind < 2) {
            SysReg r = CONTROLS[random.nextInt(CONTROLS.length)];
            return access(r.key(), false, control(r), Spsr.DAIF | 5);
        }
        if (kind == 6) {
            return new Access(
                    MEMORY[random.nextInt(MEMORY.length)],
                    value(),
                    address(),
                    pstate(),
                    sctlr,
                    tcr);
        }
        int key;
        if (kind == 9 && random.nextBoolean()) {
            return immediate();
        }
        if (kind < 7) {
            key = registers[random.nextInt(registers.length)].key();
            if (random.nextInt(12) == 0) {
                key = key & ~(7 << 11) | 5 << 11;
            }
        } else if (kind == 7) {
            key = operations[random.nextInt(operations.length)].key();
        } else {
            key = random.nextInt(1 << 14, 1 << 16);
        }
        boolean read = key >> 14 != 1 ? random.nextBoolean() : random.nextInt(8) == 0;
        return access(key, read, key >> 14 == 1 ? address() : value(), pstate());
    }

    /** An access with this encoding, the rest at random. */
    Access next(int key, boolean read, boolean el0) {
        long pstate = pstate() & ~0xfL | (el0 ? 0 : 5);
        if (random.nextInt(32) == 0) {
            sctlr = control(SysReg.SCTLR_EL1);
        }
        return access(key, read, key >> 14 == 1 ? address() : value(), pstate);
    }

    /** MRS X0 at EL1, all controls as after reset. */
    static Access read(int key) {
        return new Access(0xd520_0000 | key << 5, 0, 0, Spsr.DAIF | 5, SctlrEl1.RESET, TCR);
    }

    /** MSR (immediate), barriers, hints, flag manipulation: op0 = 0, Rt = 31. */
    private Access immediate() {
        int op1 = random.nextBoolean() ? 3 : random.nextInt(8);
        int crn = random.nextInt(4) == 0 ? random.nextInt(16) : 2 + random.nextInt(3);
        int key = SysReg.key(0, op1, crn, random.nextInt(16), random.nextInt(8));
        long pstate = pstate();
        boolean traps = Spsr.el(pstate) == 0 && (sctlr & SctlrEl1.NTWI) == 0;
        if (key == WFI && !traps) {
            key = NOP;
        }
        return new Access(0xd500_0000 | key << 5 | 31, value(), 0, pstate, sctlr, tcr);
    }

    private Access access(int key, boolean read, long x0, long pstate) {
        int rt = random.nextInt(16) == 0 ? 31 : 0;
        return new Access(
                0xd500_0000 | (read ? 1 << 21 : 0) | key << 5 | rt, x0, 0, pstate, sctlr, tcr);
    }

    /** What {@link #CONTROLS} may be set to so that the test goes on. */
    long control(SysReg r) {
        return switch (r) {
            case SCTLR_EL1 ->
                    SctlrEl1.RESET & ~SCTLR_RANDOM
                            | random.nextLong() & (SCTLR_RANDOM | SctlrEl1.M)
                            | SctlrEl1.C
                            | SctlrEl1.I;
            case DBGBCR4_EL1, DBGBCR5_EL1 ->
                    random.nextInt(4)
                            | random.nextInt(2) << 2
                            | 0xf << 5
                            | random.nextInt(2) << 13
                            | 4 << 16
                            | random.nextInt(16) << 20;
            case DBGBVR4_EL1 -> random.nextInt(2) | (long) random.nextInt(2) << 32;
            case CONTEXTIDR_EL1 -> random.nextInt(2);
            case DBGWVR0_EL1 -> address() & ~7L;
            case DBGWCR0_EL1 ->
                    random.nextInt(1 << 13)
                            | 4 << 16
                            | random.nextInt(2) << 20
                            | (random.nextBoolean() ? random.nextInt(3, 14) << 24 : 0);
            case CPACR_EL1 -> (long) random.nextInt(4) << CptrEl2.FPEN_SHIFT;
            case MDSCR_EL1 ->
                    random.nextLong() & (MdscrEl1.TDCC | MdscrEl1.MDE | MdscrEl1.KDE)
                            | (random.nextInt(4) == 0 ? MdscrEl1.SS : 0);
            case PMEVTYPER0_EL0, PMEVTYPER1_EL0 ->
                    new int[] {0, 8, 9, 10, 0x11}[random.nextInt(5)]
                            | (random.nextInt(2) == 0 ? 0 : (long) random.nextInt(64) << 26);
            case PMCR_EL0 -> random.nextLong() | (random.nextInt(4) == 0 ? 0 : 1);
            case OSLAR_EL1 -> random.nextInt(4) == 0 ? 1 : 0;
            default -> value();
        };
    }

    private long value() {
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> random.nextInt(64);
            case 3 -> 1L << random.nextInt(64);
            case 4 -> random.nextLong() & random.nextLong();
            default -> random.nextLong();
        };
    }

    private long address() {
        return switch (random.nextInt(8)) {
            case 0 -> value();
            case 1 -> scratch + random.nextInt(1 << 16) | (long) random.nextInt(256) << 56;
            case 2, 3, 4 -> scratch + random.nextInt(1 << 16);
            default -> DifferentialSide.TRANSLATED + random.nextInt(64 << 21);
        };
    }

    private long pstate() {
        long mode = new long[] {0, 0, 4, 5, 5}[random.nextInt(5)];
        return mode
                | Spsr.A
                | Spsr.I
                | Spsr.F
                | random.nextLong()
                        & (Spsr.NZCV | Spsr.D | Spsr.PAN | Spsr.UAO | Spsr.DIT | Spsr.SSBS)
                | (random.nextInt(4) == 0 ? Spsr.SS : 0);
    }
}
