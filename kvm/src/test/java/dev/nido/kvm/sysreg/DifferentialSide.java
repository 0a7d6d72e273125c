package dev.nido.kvm.sysreg;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.pe.Pe;

import java.util.SplittableRandom;
import java.util.function.BiConsumer;

/** A machine that executes one access at a time: bare, or a guest of the hypervisor. */
abstract class DifferentialSide implements AutoCloseable {

    static final long RAM = 0x4000_0000L;
    private static final int RAM_SIZE = 4 << 20;

    /** Every MRS, MSR, SYS, SYSL with X0, then all of them with XZR. */
    private static final long CODE = RAM + 0x10_0000;

    private static final int WORDS = 1 << 17;
    private static final long VECTORS = RAM + 0x8000;

    /** {@link AccessGenerator#MEMORY}. */
    private static final long LOADS = RAM + 0x9000;

    /** RAM that the accesses may write. */
    static final long SCRATCH = RAM + 0x30_0000;

    /** Where translation, when it is on, has pages and blocks of all kinds: 64 times 2 MiB. */
    static final long TRANSLATED = 0x8000_0000L;

    private static final long TABLES = RAM + 0x1000;
    private static final long MAIR = 0xff_44_04_00L;

    private static final int NOP = 0xd503_201f;

    /** What is compared besides X0, PC, PSTATE, FPCR, FPSR and a word of memory. */
    private static final SysReg[] COMPARED = {
        SysReg.ESR_EL1,
        SysReg.FAR_EL1,
        SysReg.ELR_EL1,
        SysReg.SPSR_EL1,
        SysReg.SP_EL0,
        SysReg.PAR_EL1,
        SysReg.VBAR_EL1,
        SysReg.CPACR_EL1,
        SysReg.CNTKCTL_EL1,
        SysReg.PMUSERENR_EL0
    };

    private static final String[] NAMES = {
        "X0", "X1", "X2", "V0", "PC", "PSTATE", "FPCR", "FPSR", "retired"
    };

    /** Words of a state. */
    static final int STATE = NAMES.length + COMPARED.length;

    /**
     * Executes one instruction, or enters its exception and executes the NOP at the vector.
     *
     * @param state takes what is there afterwards
     */
    abstract void execute(AccessGenerator.Access access, long[] state);

    /** Resets the CPU, as CPU_ON does. */
    abstract void reset();

    @Override
    public abstract void close();

    static DifferentialSide bare(CpuModel guest) {
        return new Bare(guest);
    }

    static DifferentialSide hosted(CpuModel guest) {
        return new HostedSide(guest);
    }

    /** Where an access is in memory. */
    static long address(AccessGenerator.Access access) {
        int word = access.word();
        if (access.memory()) {
            int i = 0;
            while (AccessGenerator.MEMORY[i] != word) {
                i++;
            }
            return LOADS + i * 4L;
        }
        int index = word >>> 5 & 0xffff | (word >>> 21 & 1) << 16;
        return CODE + (long) ((word & 31) == 31 ? index + WORDS : index) * 4;
    }

    /** Writes the program. */
    static void load(BiConsumer<Long, Integer> memory) {
        for (long at = VECTORS; at < VECTORS + 0x800; at += 4) {
            memory.accept(at, NOP);
        }
        loadTables(memory);
        for (int i = 0; i < AccessGenerator.MEMORY.length; i++) {
            memory.accept(LOADS + i * 4L, AccessGenerator.MEMORY[i]);
        }
        for (int i = 0; i < WORDS; i++) {
            int word = 0xd500_0000 | (i >>> 16) << 21 | (i & 0xffff) << 5;
            memory.accept(CODE + i * 4L, word);
            memory.accept(CODE + (i + WORDS) * 4L, word | 31);
        }
    }

    /** Writes tables: RAM itself, the program not writable, and {@link #TRANSLATED}. */
    static void loadTables(BiConsumer<Long, Integer> memory) {
        SplittableRandom random = new SplittableRandom(5);
        long normal = 3 << 2 | 3 << 8 | 1 << 10;
        entry(memory, TABLES, 1, TABLES + 0x1000 | 3);
        entry(memory, TABLES, 2, TABLES + 0x2000 | 3);
        entry(memory, TABLES + 0x1000, 0, RAM | normal | 3 << 6 | 1);
        entry(memory, TABLES + 0x1000, 1, RAM + (2 << 20) | normal | 1 << 6 | 1);
        entry(memory, TABLES + 0x2000, 0, TABLES + 0x3000 | 3);
        for (int i = 1; i < 64; i++) {
            // Blocks, tables where there is memory and where there is none.
            long base = new long[] {RAM + (2 << 20), 0x2000_0000L, 1L << 45}[random.nextInt(3)];
            long descriptor =
                    random.nextInt(4) == 0
                            ? random.nextInt(2) == 0 ? TABLES + 0x3000 | 3 : base | 3
                            : base | attributes(random) | random.nextInt(2);
            entry(memory, TABLES + 0x2000, i, descriptor);
        }
        for (int i = 0; i < 512; i++) {
            long base =
                    random.nextInt(8) != 0
                            ? SCRATCH + random.nextInt(16) * 0x1000L
                            : random.nextInt(2) == 0 ? 0x2000_0000L : 1L << 41;
            entry(
                    memory,
                    TABLES + 0x3000,
                    i,
                    base | attributes(random) | random.nextInt(8) / 2 | 1);
        }
    }

    /** AttrIndx, AP, SH, AF, nG, DBM, Contiguous = 0, PXN, UXN, table attributes. */
    private static long attributes(SplittableRandom random) {
        return random.nextLong() & 0xf868_0000_0000_0bccL | (random.nextInt(4) == 0 ? 0 : 1 << 10);
    }

    private static void entry(BiConsumer<Long, Integer> memory, long table, int i, long value) {
        memory.accept(table + i * 8L, (int) value);
        memory.accept(table + i * 8L + 4, (int) (value >>> 32));
    }

    /** What an access must not leave changed, or the test cannot go on. */
    static void controls(AccessGenerator.Access access, BiConsumer<SysReg, Long> write) {
        write.accept(SysReg.SCTLR_EL1, access.sctlr());
        write.accept(SysReg.TCR_EL1, access.tcr());
        write.accept(SysReg.TTBR0_EL1, TABLES);
        write.accept(SysReg.TTBR1_EL1, TABLES);
        write.accept(SysReg.MAIR_EL1, MAIR);
        write.accept(SysReg.VBAR_EL1, VECTORS);
    }

    static int ramSize() {
        return RAM_SIZE;
    }

    static long tables() {
        return TABLES;
    }

    static long vectors() {
        return VECTORS;
    }

    /** Where registers of {@link #compared} begin in a state. */
    static int firstRegister() {
        return NAMES.length;
    }

    static SysReg[] compared() {
        return COMPARED;
    }

    /** The differing words of a state, by name. */
    static String describe(long[] state, long[] other) {
        StringBuilder s = new StringBuilder();
        for (int i = 0; i < STATE; i++) {
            if (state[i] != other[i]) {
                String name = i < NAMES.length ? NAMES[i] : COMPARED[i - NAMES.length].name();
                s.append("%s=0x%x ".formatted(name, state[i]));
            }
        }
        return s.toString();
    }

    /** The bare machine. */
    private static final class Bare extends DifferentialSide {
        private final Machine machine;
        private final Pe pe;

        Bare(CpuModel guest) {
            machine =
                    new Machine(new MachineConfig(guest, 1, RAM, RAM_SIZE, true, 1, 1, true), null);
            pe = machine.pe(0);
            load((at, word) -> machine.memory().put32(machine.memory().offsetOf(at), word));
        }

        @Override
        void execute(AccessGenerator.Access access, long[] state) {
            controls(access, pe::writeRegister);
            pe.x[0] = access.x0();
            pe.x[1] = access.x1();
            pe.pc = address(access);
            setPstate(access.pstate());
            pe.clearAttention(-1);
            pe.timer.update();
            pe.takePendingInterrupt();
            long before = pe.retired;
            while (pe.retired == before) {
                machine.engine(0).run(pe, 1);
            }
            pe.yieldRequested = false;
            pe.pmu.update();
            pe.storeStackPointer();
            state[0] = pe.x[0];
            state[1] = pe.x[1];
            state[2] = pe.x[2];
            state[3] = pe.v[0] ^ 31 * pe.v[1];
            state[4] = pe.pc;
            state[5] = pstate();
            state[6] = pe.fpcr;
            state[7] = pe.fpsr;
            state[8] = pe.retired;
            for (int i = 0; i < COMPARED.length; i++) {
                state[NAMES.length + i] = pe.readRegister(COMPARED[i]);
            }
        }

        private void setPstate(long p) {
            pe.storeStackPointer();
            pe.el = Spsr.el(p);
            pe.spSel = (int) (p & Spsr.SP);
            pe.loadStackPointer();
            pe.nzcv = (int) (p & Spsr.NZCV);
            pe.daif = (int) (p & Spsr.DAIF);
            pe.pan = pe.cpu.has(Feature.PAN) && (p & Spsr.PAN) != 0;
            pe.uao = pe.cpu.has(Feature.UAO) && (p & Spsr.UAO) != 0;
            pe.dit = pe.cpu.has(Feature.DIT) && (p & Spsr.DIT) != 0;
            pe.ssbs = pe.cpu.has(Feature.SSBS) && (p & Spsr.SSBS) != 0;
            pe.ss = (p & Spsr.SS) != 0;
            pe.il = (p & Spsr.IL) != 0;
            pe.contextChanged();
        }

        private long pstate() {
            return pe.nzcv & Spsr.NZCV
                    | pe.daif
                    | (pe.pan ? Spsr.PAN : 0)
                    | (pe.uao ? Spsr.UAO : 0)
                    | (pe.dit ? Spsr.DIT : 0)
                    | (pe.ssbs ? Spsr.SSBS : 0)
                    | (pe.ss ? Spsr.SS : 0)
                    | (pe.il ? Spsr.IL : 0)
                    | (long) pe.el << Spsr.EL_SHIFT
                    | pe.spSel;
        }

        @Override
        void reset() {
            pe.reset(1);
        }

        @Override
        public void close() {
            machine.close();
        }
    }
}
