package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.IchHcrEl2;
import dev.nido.arch.MdcrEl2;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.isa.Assembler;
import dev.nido.isa.Disassembler;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * One instruction at EL2, EL1 or EL0, with the controls of EL2 and EL1 at random: MSR, MRS, SYS, or
 * one of those that change the exception level.
 *
 * @param word the instruction
 * @param x0 its operand
 * @param pstate EL and masks
 * @param values of {@link #CONTROLS}
 */
record NestedCase(int word, long x0, long pstate, long[] values) {

    /** What is set before each case. */
    static final SysReg[] CONTROLS = {
        SysReg.HCR_EL2,
        SysReg.CPTR_EL2,
        SysReg.MDCR_EL2,
        SysReg.CNTHCTL_EL2,
        SysReg.CNTVOFF_EL2,
        SysReg.ICH_HCR_EL2,
        SysReg.SCTLR_EL2,
        SysReg.SCTLR_EL1,
        SysReg.CPACR_EL1,
        SysReg.CNTKCTL_EL1,
        SysReg.VBAR_EL2,
        SysReg.VBAR_EL1,
        SysReg.TCR_EL2,
        SysReg.TCR_EL1,
        SysReg.TTBR0_EL2,
        SysReg.TTBR1_EL2,
        SysReg.TTBR0_EL1,
        SysReg.TTBR1_EL1,
        SysReg.MAIR_EL2,
        SysReg.MAIR_EL1,
        SysReg.VTTBR_EL2,
        SysReg.VTCR_EL2,
        SysReg.VNCR_EL2,
        SysReg.SPSR_EL2,
        SysReg.SPSR_EL1,
    };

    /** Those that change the exception level, or might. */
    static final int[] OTHERS =
            Assembler.assemble(
                            """
                            eret
                            svc #1
                            hvc #2
                            smc #3
                            brk #4
                            fmov d0, x0
                            wfe
                            .word 0
                            """,
                            0)
                    .words();

    /** In {@link #OTHERS}: ERET. */
    static final int ERET = OTHERS[0];

    /** 39 bits of addresses in each half, granules of 4 KiB. */
    private static final long TCR = 25 | 25 << 16 | 2L << 30 | 5L << 32;

    /** TBI0, TBI1, HA, HPD0, HPD1. */
    private static final long TCR_RANDOM = 0x37L << 37;

    private static final long SCTLR_RANDOM =
            SctlrEl1.UMA
                    | SctlrEl1.DZE
                    | SctlrEl1.UCT
                    | SctlrEl1.UCI
                    | SctlrEl1.NTWI
                    | SctlrEl1.NTWE
                    | SctlrEl1.SPAN
                    | SctlrEl1.DSSBS
                    | SctlrEl1.WXN;

    boolean isAccess() {
        return word >>> 24 == 0xd5;
    }

    int key() {
        return word >>> 5 & 0xffff;
    }

    boolean read() {
        return (word >>> 21 & 1) != 0;
    }

    long value(SysReg control) {
        return values[Arrays.asList(CONTROLS).indexOf(control)];
    }

    @Override
    public String toString() {
        StringBuilder s = new StringBuilder();
        if (isAccess()) {
            int key = key();
            SysReg r = SysReg.decode(key);
            SystemOperation o = SystemOperation.decode(key);
            s.append(
                    "%s S%d_%d_C%d_C%d_%d %s"
                            .formatted(
                                    read() ? "MRS" : "MSR",
                                    key >> 14,
                                    key >> 11 & 7,
                                    key >> 7 & 15,
                                    key >> 3 & 15,
                                    key & 7,
                                    r != null ? r : o));
        } else {
            s.append(Disassembler.disassemble(0, word));
        }
        s.append(", EL%d, X0 0x%x, PSTATE 0x%x".formatted(Spsr.el(pstate), x0, pstate));
        for (int i = 0; i < CONTROLS.length; i++) {
            s.append(", %s 0x%x".formatted(CONTROLS[i], values[i]));
        }
        return s.toString();
    }

    /** Makes cases. */
    static final class Generator {
        private final SplittableRandom random;
        private final CpuModel cpu;
        private final long vectors;
        private final SysReg[] registers = SysReg.values();
        private final SystemOperation[] operations = SystemOperation.values();
        private long[] controls;
        private boolean e2h;

        Generator(long seed, CpuModel cpu, long vectors) {
            random = new SplittableRandom(seed);
            this.cpu = cpu;
            this.vectors = vectors;
        }

        NestedCase next() {
            if (controls == null || random.nextInt(4) == 0) {
                controls = new long[CONTROLS.length];
                for (int i = 0; i < controls.length; i++) {
                    controls[i] = control(CONTROLS[i]);
                }
                // An exception from EL2 to EL2 sets PSTATE.PAN by SPAN only where TGE = 1 too.
                controls[6] |= SctlrEl1.SPAN;
            }
            long[] now = controls.clone();
            now[CONTROLS.length - 2] = value();
            now[CONTROLS.length - 1] = value();
            long effective = HcrEl2.effective(cpu, controls[0]);
            boolean host = HcrEl2.isHost(effective);
            long pstate = pstate((effective & HcrEl2.TGE) != 0, host);
            if (random.nextInt(8) == 0) {
                int word = OTHERS[random.nextInt(OTHERS.length)];
                if (word == ERET) {
                    // Not to where the next case would not begin.
                    long target = pstate(false, true);
                    now[CONTROLS.length - 2] = target;
                    now[CONTROLS.length - 1] = target;
                }
                return new NestedCase(word, value(), pstate, now);
            }
            return access(pstate, now);
        }

        private NestedCase access(long pstate, long[] now) {
            int key;
            int kind = random.nextInt(10);
            if (kind < 7) {
                key = registers[random.nextInt(registers.length)].key();
                if (random.nextInt(6) == 0) {
                    key = key & ~(7 << 11) | 5 << 11;
                }
            } else if (kind < 9) {
                key = operations[random.nextInt(operations.length)].key();
            } else {
                key = random.nextInt(1 << 14, 1 << 16);
            }
            boolean sys = key >> 14 == 1;
            boolean read = sys ? random.nextInt(8) == 0 : random.nextBoolean();
            return of(key, read, pstate, now);
        }

        /** An access with this encoding at some exception level. */
        NestedCase next(int key, boolean read, int el) {
            next();
            long[] now = controls.clone();
            if (el == 1 || !HcrEl2.isHost(HcrEl2.effective(cpu, now[0]))) {
                now[0] &= ~HcrEl2.TGE;
            }
            long mode = el == 0 ? 0 : el * 4L + 1;
            return of(key, read, pstate(false, true) & ~0xfL | mode, now);
        }

        private NestedCase of(int key, boolean read, long pstate, long[] now) {
            SysReg r = SysReg.decode(key);
            long x0 = key >> 14 == 1 ? address() : r == null ? value() : written(r);
            return new NestedCase(0xd500_0000 | (read ? 1 << 21 : 0) | key << 5, x0, pstate, now);
        }

        /** What a case may write so that the test goes on. */
        private long written(SysReg r) {
            for (int i = 0; i < CONTROLS.length; i++) {
                if (CONTROLS[i] == r && r != SysReg.SPSR_EL1 && r != SysReg.SPSR_EL2) {
                    return control(r);
                }
            }
            if (r == SysReg.MDSCR_EL1) {
                return random.nextLong() & (1L << 12 | 1 << 13 | 1 << 15);
            }
            if (r.name().matches("DBG[BW]CR\\d+_EL1|OSLAR_EL1|OSDLR_EL1")) {
                return 0;
            }
            return value();
        }

        private long control(SysReg r) {
            return switch (r) {
                case HCR_EL2 -> {
                    long hcr = hcr();
                    e2h = (HcrEl2.effective(cpu, hcr) & HcrEl2.E2H) != 0;
                    yield hcr;
                }
                case CPTR_EL2 -> random.nextLong() & random.nextLong();
                case MDCR_EL2 ->
                        CpuModel.EVENT_COUNTERS
                                | random.nextLong()
                                        & random.nextLong()
                                        & (MdcrEl2.TPM
                                                | MdcrEl2.TPMCR
                                                | MdcrEl2.TDA
                                                | MdcrEl2.TDOSA
                                                | MdcrEl2.TDRA
                                                | MdcrEl2.TDE);
                case CNTHCTL_EL2 -> random.nextLong() & 0x1fc03 & ~0xfcL;
                case CNTKCTL_EL1 -> random.nextLong() & 0x303;
                case CNTVOFF_EL2 -> 0;
                case ICH_HCR_EL2 ->
                        random.nextInt(3) != 0
                                ? 0
                                : random.nextLong()
                                        & (IchHcrEl2.TC
                                                | IchHcrEl2.TALL0
                                                | IchHcrEl2.TALL1
                                                | IchHcrEl2.TDIR);
                case SCTLR_EL1, SCTLR_EL2 ->
                        SctlrEl1.RESET & ~SCTLR_RANDOM
                                | random.nextLong() & (SCTLR_RANDOM | SctlrEl1.M)
                                | SctlrEl1.C
                                | SctlrEl1.I;
                case CPACR_EL1 -> random.nextLong() & 3L << 20;
                case VBAR_EL1, VBAR_EL2 -> vectors;
                case TTBR0_EL1, TTBR1_EL1, TTBR0_EL2, TTBR1_EL2 -> DifferentialSide.tables();
                case MAIR_EL1, MAIR_EL2 -> 0xff_44_04_00L;
                case TCR_EL1 -> TCR | random.nextLong() & TCR_RANDOM;
                case TCR_EL2 ->
                        e2h
                                ? TCR | random.nextLong() & TCR_RANDOM
                                : TCR & 0x3f | 1L << 31 | 1 << 23 | 5 << 16;
                case VTTBR_EL2 -> NestedSide.STAGE2 | (long) random.nextInt(3) << 48;
                case VNCR_EL2 -> random.nextInt(4) == 0 ? 0 : DifferentialSide.SCRATCH + 0x1_0000;
                case VTCR_EL2 -> 1L << 31 | 2 << 16 | 1 << 6 | 24;
                case SPSR_EL1, SPSR_EL2 -> value();
                default -> 0;
            };
        }

        private long hcr() {
            long hcr =
                    random.nextLong()
                            & random.nextLong()
                            & ~(HcrEl2.E2H | HcrEl2.TGE | HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2);
            if (random.nextInt(4) == 0) {
                hcr |= HcrEl2.TGE;
            }
            if (cpu.has(Feature.NV) && random.nextInt(2) == 0) {
                hcr |= HcrEl2.NV | random.nextLong() & HcrEl2.NV1;
            }
            if (random.nextBoolean()) {
                hcr |= HcrEl2.E2H;
            }
            // One of them alone would leave one group of interrupts to the hypervisor's own host.
            return (hcr & HcrEl2.IMO) != 0 ? hcr | HcrEl2.FMO : hcr & ~HcrEl2.FMO;
        }

        /**
         * Never EL1 under TGE. EL0 there only with E2H: without, both SCTLR_EL1, CPACR_EL1 and
         * their counterparts of EL2 would have to be in the PE.
         */
        private long pstate(boolean tge, boolean e2h) {
            long mode = new long[] {0, 4, 5, 5, 8, 9, 9, 9}[random.nextInt(8)];
            if (tge && (mode & 12) == 4 || tge && !e2h && mode == 0) {
                mode = 9;
            }
            long masks = random.nextInt(4) == 0 ? random.nextLong() : -1;
            return mode
                    | masks & (Spsr.A | Spsr.I | Spsr.F)
                    | random.nextLong()
                            & (Spsr.NZCV | Spsr.D | Spsr.PAN | Spsr.UAO | Spsr.DIT | Spsr.SSBS)
                    | (random.nextInt(8) == 0 ? Spsr.SS : 0);
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
            return random.nextInt(4) == 0
                    ? value()
                    : DifferentialSide.SCRATCH + random.nextInt(1 << 16);
        }
    }
}
