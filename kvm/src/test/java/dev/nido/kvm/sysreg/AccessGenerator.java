package dev.nido.kvm.sysreg;

import dev.nido.arch.CptrEl2;
import dev.nido.arch.MdscrEl1;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;

import java.util.SplittableRandom;

/** Random accesses to system registers, in random states, with the guest's controls at random. */
final class AccessGenerator {

    /** Registers that decide what other accesses do. */
    private static final SysReg[] CONTROLS = {
        SysReg.SCTLR_EL1, SysReg.CPACR_EL1, SysReg.CNTKCTL_EL1, SysReg.PMUSERENR_EL0,
        SysReg.MDSCR_EL1, SysReg.PMSELR_EL0, SysReg.CSSELR_EL1, SysReg.PMCR_EL0,
        SysReg.PMCNTENSET_EL0, SysReg.PMEVTYPER0_EL0, SysReg.PMEVTYPER1_EL0, SysReg.OSLAR_EL1
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
                    | SctlrEl1.SA;

    /** An access: an instruction word with Rt = X0 or XZR, the state before it. */
    record Access(int word, long x0, long pstate) {

        int key() {
            return word >>> 5 & 0xffff;
        }

        boolean read() {
            return (word >>> 21 & 1) != 0;
        }

        @Override
        public String toString() {
            int key = key();
            SysReg r = SysReg.decode(key);
            SystemOperation o = SystemOperation.decode(key);
            return "%s S%d_%d_C%d_C%d_%d %s, Rt %d, X0 0x%x, PSTATE 0x%x"
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
                            pstate);
        }
    }

    private final SplittableRandom random;
    private final long scratch;
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
        int kind = random.nextInt(10);
        if (kind < 2) {
            SysReg r = CONTROLS[random.nextInt(CONTROLS.length)];
            return access(r.key(), false, control(r), Spsr.DAIF | 5);
        }
        int key;
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

    private Access access(int key, boolean read, long x0, long pstate) {
        // Address 0 has no memory.
        int rt = key >> 14 != 1 && random.nextInt(16) == 0 ? 31 : 0;
        return new Access(0xd500_0000 | (read ? 1 << 21 : 0) | key << 5 | rt, x0, pstate);
    }

    /** What {@link #CONTROLS} may be set to so that the test goes on. */
    long control(SysReg r) {
        return switch (r) {
            case SCTLR_EL1 -> SctlrEl1.RESET & ~SCTLR_RANDOM | random.nextLong() & SCTLR_RANDOM;
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
        return random.nextInt(4) == 0
                ? value() & 0xff_ffff_ffff_ffffL & ~0xff_ffff_0000L | scratch
                : scratch + random.nextInt(1 << 16);
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
