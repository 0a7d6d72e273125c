package dev.nido.machine.audit;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.isa.A64;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.engine.Engine;
import dev.nido.machine.engine.Interpreter;
import dev.nido.machine.engine.StreamRecorder;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Random instruction words at EL0, EL1 and EL2, with random registers, system registers and page
 * tables: whatever a guest executes ends in an architectural state, never in a Java exception.
 *
 * <p>Arguments of the program: words (default 10,000,000), first seed (default 1). It ends with
 * status 0, or with the Java exception that was found and the seed of its round, or with status 3
 * when a round hangs.
 */
final class RandomWordsFuzz implements AutoCloseable {

    /** The CPU that hypervisors may be nested on. */
    static final String NESTED = "max,+nv2";

    /** Words that one seed stands for. */
    static final int ROUND = 20_000;

    private static final long RAM = 0x4000_0000L;
    private static final int RAM_SIZE = 16 << 20;
    private static final int CODE_SIZE = 1 << 20;
    private static final long TABLES = 0x20_0000;
    private static final int POOL = 16;
    private static final int WORDS_PER_STATE = 16;

    private static final A64[] ROWS = A64.values();
    private static final SysReg[] REGISTERS = SysReg.values();
    private static final A64[] MEMORY_ROWS =
            Arrays.stream(ROWS)
                    .filter(r -> (r.value() >>> 25 & 5) == 4 && (r.mask() >>> 25 & 5) == 5)
                    .toArray(A64[]::new);

    private static final long SCTLR_M = 1;
    private static final long NV_BITS =
            HcrEl2.NV | HcrEl2.NV1 | HcrEl2.NV2 | HcrEl2.AT | HcrEl2.TTLB;

    private final Machine machine;
    private final Pe pe;
    private final Engine engine;
    private RandomGenerator random;

    /** Words executed at each EL, whatever became of them. */
    final long[] executed = new long[3];

    /** Words that took an exception. */
    long exceptions;

    /** Words of each row that were retired. */
    final long[] retired = new long[ROWS.length];

    /** Words executed with translation on. */
    long translated;

    RandomWordsFuzz(int startEl) {
        this(CpuModel.defaultModel(), startEl, null);
    }

    /** A machine to run random words on, with a recorder of the stream or null. */
    RandomWordsFuzz(CpuModel cpu, int startEl, StreamRecorder recorder) {
        machine =
                new Machine(
                        new MachineConfig(cpu, 2, RAM, RAM_SIZE, true, 1, startEl, true), recorder);
        pe = machine.pe(0);
        engine = new Interpreter(pe, recorder);
        machine.bus().map("gicd", 0x0800_0000L, 0x1_0000, machine.gic().distributor());
        machine.bus().map("gicr", 0x080a_0000L, 0x4_0000, machine.gic().redistributors());
    }

    /** Runs the {@link #ROUND} words of a seed. */
    void round(long seed) {
        random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        for (int offset = 0; offset < CODE_SIZE; offset += 4) {
            machine.memory().put32(offset, word());
        }
        tables();
        machine.codeCache().invalidateAll();
        for (int done = 0; done < ROUND; done += WORDS_PER_STATE) {
            if (done % 1600 == 0) {
                machine.gic().reset();
                tables();
            }
            state();
            if (random.nextInt(4) == 0) {
                free();
            } else {
                placed();
            }
        }
    }

    /** Executes words one by one, each from where it lies, whatever the one before it did. */
    private void placed() {
        long start = RAM + (random.nextInt(CODE_SIZE) & ~0x3f);
        int wanted = pe.el;
        int mode = wanted << 2 | (wanted == 0 ? 0 : pe.spSel);
        for (int i = 0; i < WORDS_PER_STATE; i++) {
            if (pe.el > wanted) {
                back(mode | random.nextInt() & 0xf000_03c0L);
            }
            pe.pc = start + 4 * i;
            long before = pe.retired;
            step(1);
            if (pe.retired != before) {
                A64 row = A64.decode(machine.memory().get32(start - RAM + 4 * i));
                if (row != null) {
                    retired[row.ordinal()]++;
                }
            }
        }
    }

    /** Returns from where an exception led to. */
    private void back(long spsr) {
        try {
            pe.sys[(pe.el == 2 ? SysReg.SPSR_EL2 : SysReg.SPSR_EL1).ordinal()] = spsr;
            pe.exceptionReturn();
        } catch (GuestException e) {
            // EL1's returns are trapped (HCR_EL2.NV): the next words run where the PE is.
        }
    }

    /** Lets the PE run where it wants to. */
    private void free() {
        pe.pc = RAM + (random.nextInt(CODE_SIZE) & ~3);
        for (int left = WORDS_PER_STATE; left > 0; ) {
            int budget = Math.min(left, 1 + random.nextInt(WORDS_PER_STATE));
            step(budget);
            left -= budget;
        }
    }

    private void step(int budget) {
        executed[pe.el] += budget;
        if ((pe.el == 2 ? pe.sys[SysReg.SCTLR_EL2.ordinal()] : pe.sys[SysReg.SCTLR_EL1.ordinal()])
                        % 2
                != 0) {
            translated += budget;
        }
        if ((pe.clearAttention(-1) & Pe.ATTENTION_TLB) != 0) {
            pe.mmu.serviceRequests();
        }
        pe.timer.update();
        pe.takePendingInterrupt();
        long before = pe.retired;
        engine.run(pe, budget);
        pe.pmu.update();
        if (pe.retired - before > budget || pe.retired < before) {
            throw new IllegalStateException("retired " + (pe.retired - before) + " of " + budget);
        }
        if (pe.retired == before) {
            exceptions++;
        }
        pe.waiting = false;
        pe.poweredOn = true;
        check(pe.x[Pe.ZERO] == 0, "the zero register has a value");
        check((pe.nzcv & 0x0fff_ffff) == 0, "NZCV has other bits");
        check((pe.daif & ~0x3c0) == 0, "DAIF has other bits");
        check(pe.el >= 0 && pe.el <= 2 && (pe.spSel | 1) == 1, "no such level");
        check(pe.el < 2 || pe.hasEl2(), "EL2 where there is none");
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }

    // Words

    private int word() {
        int any = random.nextInt();
        return switch (random.nextInt(10)) {
            case 0, 1, 2 -> any;
            case 3, 4, 5 -> fill(ROWS[random.nextInt(ROWS.length)], any);
            case 6, 7 -> fill(MEMORY_ROWS[random.nextInt(MEMORY_ROWS.length)], any);
            case 8 ->
                    0xd500_0000
                            | random.nextInt(2) << 21
                            | REGISTERS[random.nextInt(REGISTERS.length)].key() << 5
                            | (random.nextInt(8) == 0 ? 5 << 16 : 0)
                            | any & 31;
            default -> 0xd500_0000 | any & 0x003f_ffff;
        };
    }

    private static int fill(A64 row, int any) {
        return row.value() | any & ~row.mask();
    }

    // State

    /** A random state that software at the highest level can make. */
    private void state() {
        pe.reset(pe.hasEl2() ? 2 : 1);
        for (int i = 0; i < 31; i++) {
            pe.x[i] = value();
        }
        for (int i = 0; i < 64; i++) {
            pe.v[i] = random.nextLong();
        }
        int writes = random.nextInt(60);
        for (int i = 0; i < writes; i++) {
            write(REGISTERS[random.nextInt(REGISTERS.length)].key(), value());
        }
        translation();
        if (random.nextInt(3) != 0) {
            write(SysReg.CPTR_EL2.key(), random.nextBoolean() ? 0 : 0x30_0000);
            write(SysReg.CPACR_EL1.key(), 0x30_0000);
        }
        SysReg vbar = pe.hasEl2() && random.nextBoolean() ? SysReg.VBAR_EL2 : SysReg.VBAR_EL1;
        write(vbar.key(), RAM + (random.nextInt(CODE_SIZE) & ~0x7ff));
        pe.nzcv = random.nextInt() & 0xf000_0000;
        pe.fpcr = random.nextInt() & 0x07c8_0000;
        pe.pc = RAM;
        int mode = new int[] {0, 4, 5, 8, 9}[random.nextInt(5)];
        long spsr = (long) random.nextInt() & 0xf000_03c0L | mode;
        if (random.nextInt(20) == 0) {
            spsr |= random.nextInt() & 0x01ff_fc10L;
        }
        if (random.nextInt(3) != 0) {
            spsr |= 0x3c0;
        }
        int spsrRegister = (pe.hasEl2() ? SysReg.SPSR_EL2 : SysReg.SPSR_EL1).ordinal();
        pe.sys[spsrRegister] = spsr;
        pe.exceptionReturn();
        pe.x[Pe.SP] = random.nextInt(4) == 0 ? value() : RAM + (random.nextInt(RAM_SIZE) & ~15);
    }

    /** Control of translation, off and on, sane and not. */
    private void translation() {
        boolean sane = random.nextInt(4) != 0;
        long tcr =
                sane
                        ? 25 | 25 << 16 | 2L << 30 | 2L << 32 | 0x3500_3500L & random.nextLong()
                        : value();
        write(SysReg.TCR_EL1.key(), tcr | random.nextLong() & 0x7f_0000_0000L << 3);
        write(SysReg.TTBR0_EL1.key(), table(sane));
        write(SysReg.TTBR1_EL1.key(), table(sane));
        write(SysReg.MAIR_EL1.key(), random.nextBoolean() ? 0xff44_0c04_00ffL : value());
        write(SysReg.SCTLR_EL1.key(), sctlr());
        if (pe.hasEl2()) {
            write(SysReg.MAIR_EL2.key(), random.nextBoolean() ? 0xff44_0c04_00ffL : value());
            write(SysReg.TTBR0_EL2.key(), table(sane));
            write(SysReg.TTBR1_EL2.key(), table(sane));
            write(SysReg.VTTBR_EL2.key(), table(sane) | (long) random.nextInt(4) << 48);
            write(
                    SysReg.VTCR_EL2.key(),
                    sane ? 0x8002_3559L | random.nextLong() & 0x60_0000L : value());
            long hcr = HcrEl2.RW;
            if (random.nextBoolean()) {
                hcr |= random.nextLong() & random.nextLong();
            }
            hcr = random.nextBoolean() ? hcr | HcrEl2.E2H : hcr & ~HcrEl2.E2H;
            hcr = random.nextInt(3) == 0 ? hcr | HcrEl2.TGE : hcr & ~HcrEl2.TGE;
            hcr = random.nextBoolean() ? hcr | 1 : hcr & ~1;
            long el2Tcr = (hcr & HcrEl2.E2H) != 0 ? tcr : sane ? 25 | 2 << 16 : value();
            if (pe.cpu.has(Feature.NV2)) {
                if (random.nextInt(3) != 0) {
                    hcr = hcr & ~NV_BITS | HcrEl2.NV | random.nextLong() & NV_BITS;
                }
                write(
                        SysReg.VNCR_EL2.key(),
                        random.nextBoolean() ? RAM + (RAM_SIZE >> 1) : value());
            }
            write(SysReg.HCR_EL2.key(), hcr);
            write(SysReg.TCR_EL2.key(), el2Tcr);
            write(SysReg.SCTLR_EL2.key(), sctlr());
        }
    }

    private long sctlr() {
        return switch (random.nextInt(4)) {
            case 0 -> 0x30d0_0800L;
            case 1, 2 -> 0x30d0_0800L | SCTLR_M | random.nextLong() & 0x0080_101e;
            default -> random.nextLong() & ~0x0208_0000L;
        };
    }

    private long table(boolean sane) {
        return RAM + TABLES + (sane ? 0 : (long) random.nextInt(POOL) << 12);
    }

    /**
     * A table for 4 KiB granules from level 1 that maps RAM and devices where they are, with random
     * attributes and gaps, and a pool of random tables.
     */
    private void tables() {
        for (int t = 0; t < POOL; t++) {
            for (int i = 0; i < 512; i++) {
                machine.memory().put64(TABLES + t * 4096L + 8 * i, descriptor());
            }
        }
        machine.memory().put64(TABLES, attributes() & ~0x3cL | 1 << 2 | 1);
        machine.memory().put64(TABLES + 8, RAM + TABLES + 4096 | 3);
        for (int i = 0; i < 8; i++) {
            long block = RAM + ((long) i << 21);
            if (random.nextInt(4) != 0) {
                long wanted =
                        i == 0 && random.nextInt(4) != 0
                                ? attributes() & ~(3L << 53) | 0xc0
                                : attributes();
                machine.memory().put64(TABLES + 4096 + 8L * i, block | wanted | 0x400 | 1);
            }
        }
    }

    private long descriptor() {
        long pool = RAM + TABLES + ((long) random.nextInt(POOL) << 12);
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1, 2 -> pool | 3;
            case 3 -> RAM + (random.nextInt(RAM_SIZE) & ~0xfffL) | attributes() | 0x403;
            case 4 -> RAM | attributes() | 0x401;
            default -> random.nextLong();
        };
    }

    private long attributes() {
        return random.nextLong() & (0x0078_0000_0000_0ffcL | 0x8L << 48);
    }

    /** A register value: addresses of all kinds, small numbers, bit patterns, PSCI functions. */
    private long value() {
        return switch (random.nextInt(10)) {
            case 0, 1 -> RAM + random.nextInt(RAM_SIZE);
            case 2 -> RAM + (random.nextInt(RAM_SIZE) & ~0xf);
            case 3 -> RAM + (random.nextInt(RAM_SIZE) | 0xff0) - random.nextInt(32);
            case 4 -> 0x0800_0000L + random.nextInt(0xe_0000);
            case 5 -> random.nextInt(512);
            case 6 -> random.nextLong() & random.nextLong();
            case 7 -> random.nextLong() | random.nextLong() << 48;
            case 8 ->
                    random.nextBoolean()
                            ? 0xc400_0000L | random.nextInt(32)
                            : -1L << random.nextInt(64);
            default -> random.nextLong();
        };
    }

    /** A write that may be UNDEFINED here. */
    private void write(int key, long value) {
        try {
            pe.writeSystemRegister(key, value);
        } catch (GuestException e) {
            // The register is read-only, or does not exist on this PE.
        }
    }

    @Override
    public void close() {
        machine.close();
    }

    /** Where a thread is that does not come back, or null when it has come back in time. */
    static String hang(Thread worker, long[] progress, long millis) throws InterruptedException {
        long seen = -1;
        while (worker.isAlive()) {
            worker.join(millis);
            if (worker.isAlive() && progress[0] == seen) {
                return String.join(
                        System.lineSeparator(),
                        Arrays.stream(worker.getStackTrace()).map(Object::toString).toList());
            }
            seen = progress[0];
        }
        return null;
    }

    /** Rounds on machines that start at EL2 and at EL1, and on one whose stream is recorded. */
    private static int rounds(long first, long words, long[] progress) {
        int failures = 0;
        try (RandomWordsFuzz two = new RandomWordsFuzz(2);
                RandomWordsFuzz one = new RandomWordsFuzz(1);
                RandomWordsFuzz nested = new RandomWordsFuzz(CpuModel.parse(NESTED), 2, null);
                RandomWordsFuzz recorded =
                        new RandomWordsFuzz(CpuModel.defaultModel(), 2, new StreamRecorder(null))) {
            RandomWordsFuzz[] all = {two, one, nested, recorded};
            long seed = first;
            for (long done = 0; done < words && failures < 10; done += ROUND, seed++) {
                progress[0]++;
                RandomWordsFuzz fuzz = all[(int) (seed & 3)];
                try {
                    fuzz.round(seed);
                } catch (RuntimeException | Error e) {
                    System.out.printf("seed %d at PC 0x%x%n", seed, fuzz.pe.pc);
                    e.printStackTrace(System.out);
                    failures++;
                }
            }
            System.out.printf(
                    "random words: seeds %d to %d, %d failures%n", first, seed - 1, failures);
            two.report("from EL2");
            one.report("from EL1");
            nested.report("nested");
            recorded.report("recorded");
        }
        return failures;
    }

    private void report(String name) {
        System.out.printf(
                "%s: %d at EL0, %d at EL1, %d at EL2, %d with the MMU on, %d exceptions, %d of %d"
                        + " rows retired%n",
                name,
                executed[0],
                executed[1],
                executed[2],
                translated,
                exceptions,
                Arrays.stream(retired).filter(count -> count != 0).count(),
                ROWS.length);
    }

    /** The big run. */
    public static void main(String[] args) throws InterruptedException {
        long words = args.length > 0 ? Long.parseLong(args[0]) : 10_000_000;
        long first = args.length > 1 ? Long.parseLong(args[1]) : 1;
        long[] progress = new long[1];
        int[] failures = new int[1];
        Thread worker =
                Thread.ofPlatform()
                        .daemon()
                        .start(() -> failures[0] = rounds(first, words, progress));
        String where = hang(worker, progress, 60_000);
        if (where != null) {
            System.out.println("seed " + (first + progress[0] - 1) + " hangs:\n" + where);
            System.exit(3);
        }
        System.exit(failures[0] == 0 ? 0 : 1);
    }
}
