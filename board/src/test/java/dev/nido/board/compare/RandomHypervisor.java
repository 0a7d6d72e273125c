package dev.nido.board.compare;

import dev.nido.arch.SysReg;
import dev.nido.board.VirtMap;
import dev.nido.board.load.KernelLoader;
import dev.nido.isa.Assembler;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * A program at EL2 that does at random what hypervisors do, and what they had better not do: traps,
 * stage 2 of any shape, VMIDs, list registers, timers, VNCR_EL2, invalidations and translations by
 * instruction; and returns to EL1 and EL0, where it does the like. Whatever exception comes, it
 * goes on with the next step, until there were too many of them; then it ends by PSCI SYSTEM_OFF.
 */
final class RandomHypervisor {

    /** What HCR_EL2.E2H can be. */
    enum Host {
        ANY,
        VHE,
        NVHE
    }

    private static final long ORIGIN = VirtMap.RAM + KernelLoader.RAW_OFFSET;

    /** Sixteen pages for tables of both stages, and one for VNCR_EL2. */
    private static final long TABLES = VirtMap.RAM + 0x40_0000;

    private static final long DATA = VirtMap.RAM + 0x60_0000;

    /** Where stores go, so that they don't change tables that nothing is invalidated of. */
    private static final long STORES = VirtMap.RAM + 0x80_0000;

    private static final SysReg[] REGISTERS = SysReg.values();

    private static final List<SysReg> EL2_REGISTERS =
            List.of(REGISTERS).stream()
                    .filter(r -> r.name().endsWith("_EL2") || r.name().matches(".*_EL[01]2"))
                    .toList();

    private static final String[] SNIPPET_REGISTERS = {
        "sctlr_el1",
        "ttbr0_el1",
        "tcr_el1",
        "esr_el1",
        "far_el1",
        "mair_el1",
        "contextidr_el1",
        "midr_el1",
        "mpidr_el1",
        "id_aa64mmfr0_el1",
        "ctr_el0",
        "cntvct_el0",
        "cntv_ctl_el0",
        "cntp_ctl_el0",
        "cntpct_el0",
        "cpacr_el1",
        "actlr_el1",
        "mdscr_el1",
        "vbar_el1",
        "par_el1",
        "spsr_el1",
        "elr_el1",
        "sp_el0",
        "tpidr_el1",
        "currentel",
        "daif",
        "isr_el1"
    };

    private static final String[] INTERFACE = {
        "icc_iar1_el1", "icc_hppir1_el1", "icc_rpr_el1", "icc_pmr_el1", "icc_bpr1_el1",
        "icc_ctlr_el1", "icc_igrpen1_el1", "icc_ap1r0_el1", "icc_sre_el1", "icc_iar0_el1",
        "icc_hppir0_el1", "icc_bpr0_el1", "icc_igrpen0_el1", "icc_ap0r0_el1"
    };

    private static final int SNIPPETS = 16;

    private final SplittableRandom random;
    private final Host host;
    private final boolean nested;
    private final boolean reckless;
    private final StringBuilder text = new StringBuilder();

    /** Something has changed that TLBs may hold: what they give then is anybody's guess. */
    private boolean changed = true;

    /**
     * @param nested whether the CPU shows FEAT_NV2
     * @param reckless whether the program may lose its own vectors, and its own stage 1
     */
    private RandomHypervisor(long seed, Host host, boolean nested, boolean reckless) {
        random = new SplittableRandom(seed);
        this.host = host;
        this.nested = nested;
        this.reckless = reckless;
    }

    /** The image of a program, to be loaded as a raw kernel. */
    static byte[] image(long seed, int steps, Host host, boolean nested, boolean reckless) {
        RandomHypervisor h = new RandomHypervisor(seed, host, nested, reckless);
        h.write(steps);
        return Assembler.assemble("random", h.text.toString(), ORIGIN, Map.of()).bytes();
    }

    private void line(String format, Object... values) {
        text.append(values.length == 0 ? format : String.format(format, values)).append('\n');
    }

    private void constant(int register, long value) {
        line("movz x%d, #0x%x", register, value & 0xffff);
        for (int shift = 16; shift < 64; shift += 16) {
            if ((value >>> shift & 0xffff) != 0) {
                line("movk x%d, #0x%x, lsl #%d", register, value >>> shift & 0xffff, shift);
            }
        }
    }

    private void store(long address, int size, long value) {
        constant(1, address);
        constant(0, value);
        line("str %c0, [x1]", size == 8 ? 'x' : 'w');
    }

    private boolean one(int of) {
        return random.nextInt(of) == 0;
    }

    private int any() {
        return random.nextInt(20);
    }

    private void write(int steps) {
        start();
        for (int i = 0; i < steps; i++) {
            line("adr x29, step%d", i);
            line("adr x30, next");
            line("str x29, [x30]");
            step();
            line("step%d: nop", i);
        }
        line("off: movz x0, #0x8400, lsl #16");
        line("movk x0, #8");
        line("smc #0");
        line("hang: b hang");
        for (int i = 0; i < SNIPPETS; i++) {
            snippet(i);
        }
        vectors();
        line(".balign 8");
        line("next: .quad 0");
        line("count: .quad %d", 500);
    }

    private void start() {
        line("adr x0, vectors");
        line("msr vbar_el2, x0");
        line("adr x0, el1_vectors");
        line("msr %s, x0", host == Host.VHE ? "vbar_el12" : "vbar_el1");
        constant(0, host == Host.VHE ? 3 << 20 : 0x33ff);
        line("msr cptr_el2, x0");
        constant(0, 3 << 20);
        line("msr %s, x0", host == Host.VHE ? "cpacr_el12" : "cpacr_el1");
        constant(0, 15);
        line("msr icc_sre_el2, x0");
        line("isb");
        if (!one(4)) {
            store(VirtMap.GIC_DISTRIBUTOR, 4, 0x12);
            long sgis = VirtMap.GIC_REDISTRIBUTOR + 0x1_0000;
            store(VirtMap.GIC_REDISTRIBUTOR + 0x14, 4, 0);
            store(sgis + 0x80, 4, one(3) ? random.nextInt() : -1);
            store(sgis + 0x100, 4, -1);
            constant(0, 0xf0);
            line("msr icc_pmr_el1, x0");
            constant(0, 1);
            line("msr icc_igrpen1_el1, x0");
        }
        // A stage 2 that works: RAM and devices as they are, in blocks of 2 MiB; and a table over
        // it for four granules of a start level.
        store(TABLES, 8, (TABLES + 0x1000) | 3);
        store(TABLES + 8, 8, (TABLES + 0x2000) | 3);
        for (int i = 0; i < 8; i++) {
            store(TABLES + 0x2000 + 8 * i, 8, VirtMap.RAM + ((long) i << 21) | 0x7fd);
        }
        store(TABLES + 0x1000 + 8 * 64, 8, 0x800_0000L | 0x4c1);
        store(TABLES + 0x1000 + 8 * 72, 8, 0x900_0000L | 0x4c1);
        constant(0, 0x8002_3558L);
        line("msr vtcr_el2, x0");
        constant(0, TABLES | 1L << 48);
        line("msr vttbr_el2, x0");
        constant(0, TABLES + 0xf000);
        if (nested) {
            line("msr vncr_el2, x0");
        }
        hcr();
    }

    private long value() {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> 1L << random.nextInt(64);
            case 3 -> random.nextInt(256);
            case 4 -> page();
            case 5 -> ORIGIN + 4L * random.nextInt(64);
            default -> random.nextLong();
        };
    }

    /** An address that means something. */
    private long page() {
        return switch (random.nextInt(6)) {
            case 0 -> TABLES + 0x1000L * random.nextInt(16);
            case 1 -> VirtMap.RAM + ((long) random.nextInt(0x1000) << 12);
            case 2 -> 0x800_0000L + ((long) random.nextInt(0x2000) << 12);
            case 3 -> random.nextLong() & 0xff_ffff_f000L;
            default -> DATA + 0x1000L * random.nextInt(256);
        };
    }

    private void step() {
        switch (random.nextInt(32)) {
            case 0, 1 -> anyRegister();
            case 2, 3 -> hcr();
            case 4 -> stage2Control();
            case 5, 6, 7 -> descriptor();
            case 8, 9, 10 -> invalidation();
            case 11, 12 -> translation();
            case 13, 14 -> listRegister();
            case 15 -> virtualInterface();
            case 16, 17 -> timer();
            case 18 -> interruptInterface();
            case 19 -> softwareInterrupt();
            case 20 -> access(page());
            case 21 -> stage1();
            case 22 -> {
                if (nested) {
                    constant(3, one(3) ? value() : TABLES + 0xf000);
                    line("msr vncr_el2, x3");
                }
            }
            case 23 -> unmask();
            default -> enter();
        }
    }

    private boolean precious(SysReg r) {
        if (reckless) {
            return false;
        }
        return switch (r) {
            case VBAR_EL2, SCTLR_EL2, VBAR_EL1, SCTLR_EL1, TCR_EL1, TTBR0_EL1 -> true;
            // What only EL2 itself can see, or only at another time: rules of their own.
            case HCR_EL2, DAIF, CNTVOFF_EL2, MDCR_EL2, MDSCR_EL1, OSLAR_EL1, OSDLR_EL1 -> true;
            default -> r.name().startsWith("ICH_") || r.name().startsWith("DBG");
        };
    }

    private void anyRegister() {
        changed = true;
        SysReg r =
                one(3)
                        ? REGISTERS[random.nextInt(REGISTERS.length)]
                        : EL2_REGISTERS.get(random.nextInt(EL2_REGISTERS.size()));
        int word = 0xd510_0000 | (r.key() & 0x7fff) << 5 | (r.key() >>> 14 & 1) << 19 | any();
        if (one(2) || precious(r)) {
            word |= 1 << 21;
        } else {
            constant(word & 31, value());
        }
        line(".word 0x%x", word);
    }

    private void hcr() {
        changed = true;
        long bits = 1L << 31;
        if (!one(5)) {
            bits |= 1;
        }
        if (one(2)) {
            bits |= 7L << 3;
        }
        if (host == Host.VHE || host == Host.ANY && one(2)) {
            bits |= 1L << 34;
        }
        if (one(12) && (bits & 1L << 34) != 0) {
            bits |= 1L << 27;
        }
        int more = one(2) ? 0 : random.nextInt(6);
        for (int i = 0; i < more; i++) {
            int bit = random.nextInt(60);
            boolean nv = bit >= 42 && bit <= 45;
            // IMO and FMO that differ are taken for both.
            if (!reckless && (bit == 3 || bit == 4)) {
                continue;
            }
            if (bit == 27 || bit == 34 || bit == 31 || nv && !nested) {
                continue;
            }
            bits |= 1L << bit;
        }
        if (nested && one(3)) {
            bits |= 1L << 42 | (one(3) ? 0 : 1L << 45);
        }
        constant(3, bits);
        line("msr hcr_el2, x3");
        if (one(2)) {
            line("isb");
        }
    }

    private void stage2Control() {
        changed = true;
        if (one(2)) {
            long vmid = random.nextInt(4);
            long root = one(4) ? page() : TABLES + (one(2) ? 0 : 0x1000L * random.nextInt(16));
            constant(3, root | vmid << 48);
            line("msr vttbr_el2, x3");
            return;
        }
        long granule = one(3) ? random.nextInt(4) : 0;
        long size = one(3) ? random.nextInt(64) : 24;
        long level = one(3) ? random.nextInt(4) : 1;
        long flags = one(4) ? random.nextLong() & 0x3_ffff_f000_0000L : 0;
        constant(
                3,
                flags
                        | 0x8000_3500L
                        | size
                        | level << 6
                        | granule << 14
                        | (long) random.nextInt(8) << 16);
        line("msr vtcr_el2, x3");
    }

    private long anyDescriptor() {
        return switch (random.nextInt(10)) {
            case 0 -> 0;
            case 1 -> random.nextLong();
            case 2, 3 -> TABLES + 0x1000L * random.nextInt(16) | 3;
            case 4, 5 -> page() | 0x7ff;
            case 6 -> page() & -0x20_0000L | 0x7fd;
            case 7 -> page() | random.nextInt(0x1000) | (long) random.nextInt(2048) << 52;
            default -> VirtMap.RAM + ((long) random.nextInt(8) << 21) | 0x7fd;
        };
    }

    private void descriptor() {
        changed = true;
        long table = TABLES + 0x1000L * (one(2) ? random.nextInt(3) : random.nextInt(15));
        int[] often = {0, 1, 2, 3, 4, 64, 72};
        int index = one(3) ? random.nextInt(512) : often[random.nextInt(often.length)];
        store(table + 8L * index, 8, anyDescriptor());
        if (one(2)) {
            line("dsb sy");
            invalidation();
        }
    }

    private void invalidation() {
        long operand =
                one(2)
                        ? page() >>> 12 | (one(2) ? 0 : (long) random.nextInt(16) << 44)
                        : page() >>> 12 | (long) random.nextInt(65536) << 48 | random.nextInt(256);
        constant(3, operand);
        int op1 = one(2) ? 4 : 0;
        int key = 1 << 14 | op1 << 11 | 8 << 7 | random.nextInt(8) << 3 | random.nextInt(8);
        line(".word 0x%x", 0xd508_0000 | (key & 0x3fff) << 5 | 3);
        line("dsb sy");
        line("isb");
    }

    private void translation() {
        invalidateChanged();
        constant(3, page() | random.nextInt(4096));
        int op1 = one(2) ? 4 : 0;
        int key = 1 << 14 | op1 << 11 | 7 << 7 | (8 + random.nextInt(2)) << 3 | random.nextInt(8);
        line(".word 0x%x", 0xd508_0000 | (key & 0x3fff) << 5 | 3);
        line("isb");
        line("mrs x%d, par_el1", any());
    }

    private void listRegister() {
        if (one(4)) {
            String[] status = {
                "ich_elrsr_el2",
                "ich_eisr_el2",
                "ich_misr_el2",
                "ich_vtr_el2",
                "ich_hcr_el2",
                "ich_vmcr_el2",
                "ich_lr0_el2",
                "ich_ap1r0_el2"
            };
            line("mrs x%d, %s", any(), status[random.nextInt(status.length)]);
            return;
        }
        long lr =
                (long) random.nextInt(4) << 62
                        | (long) random.nextInt(2) << 60
                        | (long) (random.nextInt(32) << 3) << 48
                        | (one(3) ? 1L << 41 : 0)
                        | 16
                        | random.nextInt(64);
        if (!reckless && lr >>> 62 == 0) {
            lr &= ~(1L << 41);
        }
        constant(3, reckless && one(12) ? random.nextLong() & ~(1L << 61) : lr);
        line("msr ich_lr%d_el2, x3", random.nextInt(4));
    }

    private void virtualInterface() {
        if (one(2)) {
            // A condition that the write itself makes true is seen late with FEAT_NV2.
            constant(3, one(2) ? 1 : random.nextInt(0x8000) & (reckless ? ~0x300 : 0x7c01));
            line("msr ich_hcr_el2, x3");
        } else {
            constant(3, one(2) ? 0xf8_00_00_03L : random.nextInt() & 0xffff_ffffL);
            line("msr ich_vmcr_el2, x3");
        }
    }

    private void timer() {
        String[] names = {"cntv", "cntp", "cnthp"};
        String[] ends = {"el0", "el0", "el2"};
        switch (random.nextInt(4)) {
            case 0 -> {
                // With FEAT_NV2 nobody sees the write, so it must not make an interrupt by itself.
                if (host != Host.ANY) {
                    line("msr cntv_ctl_%s, xzr", host == Host.VHE ? "el02" : "el0");
                }
                // Not ahead of the counter by little: a timer's condition would end by itself.
                constant(3, one(2) ? random.nextInt(100) : -1L - random.nextInt(1000));
                line("msr cntvoff_el2, x3");
            }
            case 1 -> {
                constant(3, one(2) ? 0xc03 : random.nextInt(0x2000));
                line("msr cnthctl_el2, x3");
            }
            default -> {
                int t = random.nextInt(3);
                constant(3, random.nextInt(600));
                line("msr %s_tval_%s, x3", names[t], ends[t]);
                constant(3, one(5) ? random.nextInt(8) : 1);
                line("msr %s_ctl_%s, x3", names[t], ends[t]);
                if (one(4)) {
                    line("wfi");
                }
            }
        }
    }

    /**
     * Interrupts are taken at EL2 only where they are routed to it: what is unmasked at EL2 while
     * they are not may be seen.
     */
    private void unmask() {
        changed = true;
        constant(
                3,
                1L << 31
                        | 1
                        | 7L << 3
                        | (host == Host.VHE || host == Host.ANY && one(2) ? 1L << 34 : 0));
        line("msr hcr_el2, x3");
        line("msr daifclr, #%d", 1 + random.nextInt(15));
        if (one(2)) {
            timer();
        } else {
            softwareInterrupt();
        }
        line("nop");
        line("msr daifset, #15");
    }

    private void interruptInterface() {
        if (one(2)) {
            line("mrs x%d, %s", any(), INTERFACE[random.nextInt(INTERFACE.length)]);
            return;
        }
        String[] written = {
            "icc_eoir1_el1",
            "icc_dir_el1",
            "icc_pmr_el1",
            "icc_bpr1_el1",
            "icc_ctlr_el1",
            "icc_igrpen1_el1",
            "icc_igrpen0_el1",
            "icc_eoir0_el1"
        };
        constant(3, random.nextInt(64));
        line("msr %s, x3", written[random.nextInt(written.length)]);
    }

    private void softwareInterrupt() {
        constant(3, (long) random.nextInt(16) << 24 | 1);
        line("msr icc_sgi1r_el1, x3");
    }

    private void access(long address) {
        boolean store = one(2);
        constant(2, (store ? STORES : address) + 8L * random.nextInt(512));
        if (store) {
            line("str x%d, [x2]", any());
            return;
        }
        switch (random.nextInt(4)) {
            case 0 -> line("ldr w3, [x2]");
            case 1 -> line("ldp x3, x4, [x2]");
            case 2 -> line("ldrb w%d, [x2]", 3 + random.nextInt(10));
            default -> line("ldr x%d, [x2]", any());
        }
    }

    /** The guest's stage 1. */
    private void stage1() {
        changed = true;
        String suffix = host == Host.VHE ? "el12" : "el1";
        if (host == Host.ANY) {
            return;
        }
        switch (random.nextInt(3)) {
            case 0 -> {
                constant(3, TABLES + 0x1000L * random.nextInt(16) | (one(2) ? 0 : 1L << 48));
                line("msr ttbr0_%s, x3", suffix);
            }
            case 1 -> {
                constant(3, one(4) ? value() : 0x2_8080_3518L | (long) random.nextInt(3) << 14);
                line("msr tcr_%s, x3", suffix);
            }
            default -> {
                constant(3, 0x30d0_0800L | (one(8) ? 1 : 0) | (one(3) ? 0x1004 : 0));
                line("msr sctlr_%s, x3", suffix);
            }
        }
    }

    private void invalidateChanged() {
        if (!reckless && changed) {
            line("dsb sy");
            line("tlbi alle1");
            line("dsb sy");
            line("isb");
            changed = false;
        }
    }

    private void enter() {
        invalidateChanged();
        int other = random.nextInt(0x400);
        int mode = other & 0x1f;
        if (!reckless && (mode & 12) == 8) {
            other = 0x3c5;
        } else if (!reckless && mode != 0 && mode != 4 && mode != 5) {
            other |= 0x3c0;
        }
        constant(3, one(8) ? other : one(4) ? 0x3c0 : one(4) ? 0x345 : 0x3c5);
        line("msr spsr_el2, x3");
        line("adr x3, snippet%d", random.nextInt(SNIPPETS));
        line("msr elr_el2, x3");
        line("eret");
    }

    /** What runs at EL1 or EL0: it comes back by HVC, or by any other exception. */
    private void snippet(int number) {
        line("snippet%d: nop", number);
        int length = 1 + random.nextInt(8);
        for (int i = 0; i < length; i++) {
            switch (random.nextInt(14)) {
                case 0, 1 -> line("mrs x%d, %s", any(), one(SNIPPET_REGISTERS));
                case 2 -> {
                    String name =
                            one(
                                    new String[] {
                                        "esr_el1",
                                        "far_el1",
                                        "contextidr_el1",
                                        "afsr0_el1",
                                        "mair_el1",
                                        "tpidr_el1"
                                    });
                    line("msr %s, x%d", name, any());
                }
                case 3, 4, 5 -> access(one(2) ? DATA + 0x1000L * random.nextInt(64) : page());
                case 6 -> line("mrs x%d, %s", any(), one(INTERFACE));
                case 7 -> {
                    constant(3, 16 + random.nextInt(64));
                    line("msr icc_eoir1_el1, x3");
                }
                case 8 -> {
                    constant(3, page() >>> 12);
                    int key = 1 << 14 | 8 << 7 | (one(2) ? 3 : 7) << 3 | random.nextInt(8);
                    line(".word 0x%x", 0xd508_0000 | (key & 0x3fff) << 5 | 3);
                }
                case 9 -> {
                    constant(3, page());
                    line("at s1e1%c, x3", one(2) ? 'r' : 'w');
                    line("mrs x%d, par_el1", any());
                }
                case 10 -> {
                    constant(3, random.nextInt(400));
                    line("msr cntv_tval_el0, x3");
                    constant(3, 1);
                    line("msr cntv_ctl_el0, x3");
                }
                case 11 ->
                        line(
                                one(
                                        new String[] {
                                            "svc #1",
                                            "dc civac, x3",
                                            "ic iallu",
                                            "wfe",
                                            "yield",
                                            "isb",
                                            "smc #1",
                                            "eret"
                                        }));
                case 12 -> {
                    if (nested) {
                        line(
                                "mrs x%d, %s",
                                any(),
                                one(
                                        new String[] {
                                            "hcr_el2",
                                            "vttbr_el2",
                                            "esr_el2",
                                            "elr_el2",
                                            "sp_el1",
                                            "vbar_el2",
                                            "tpidr_el2"
                                        }));
                    }
                }
                default -> line("msr %s, #%d", one(2) ? "daifclr" : "daifset", random.nextInt(16));
            }
        }
        line("hvc #%d", number);
        line("b off");
    }

    private String one(String[] of) {
        return of[random.nextInt(of.length)];
    }

    private void vectors() {
        line(".balign 2048");
        line("vectors:");
        String[] kinds = {"sync", "irq", "fiq", "serror"};
        for (int group = 0; group < 4; group++) {
            for (String kind : kinds) {
                line(".balign 128");
                line("b %s%s", group >= 2 && kind.equals("sync") ? "lower_" : "", kind);
            }
        }
        line("serror: b counted");
        line("sync: mrs x29, esr_el2");
        line("lsr x29, x29, #26");
        line("sub x29, x29, #14");
        line("cbz x29, lower_sync"); // an illegal return goes nowhere
        line("mrs x29, elr_el2");
        line("add x29, x29, #4");
        line("msr elr_el2, x29");
        line("mov x29, #0x3c9");
        line("msr spsr_el2, x29");
        line("b counted");
        line("lower_sync: mrs x29, esr_el2");
        line("mrs x29, far_el2");
        line("mrs x29, hpfar_el2");
        line("adr x29, next");
        line("ldr x29, [x29]");
        line("msr elr_el2, x29");
        line("mov x29, #0x3c9");
        line("msr spsr_el2, x29");
        line("b counted");
        line("irq: mrs x29, icc_iar1_el1");
        line("msr icc_eoir1_el1, x29");
        line("b calm");
        line("fiq: mrs x29, icc_iar0_el1");
        line("msr icc_eoir0_el1, x29");
        line("calm: msr cntv_ctl_el0, xzr");
        line("msr cntp_ctl_el0, xzr");
        line("msr cnthp_ctl_el2, xzr");
        line("msr ich_hcr_el2, xzr");
        line("isb");
        line("counted: adr x29, count");
        line("ldr x30, [x29]");
        line("sub x30, x30, #1");
        line("str x30, [x29]");
        line("tbnz x30, #63, off");
        line("eret");
        line(".balign 2048");
        line("el1_vectors:");
        for (int i = 0; i < 16; i++) {
            line(".balign 128");
            if (i % 4 == 1) {
                line("mrs x29, icc_iar1_el1");
                line("msr icc_eoir1_el1, x29");
                line("msr cntv_ctl_el0, xzr");
                line("isb");
                line("eret");
            } else {
                line("hvc #%d", 0x100 + i);
                line("b off");
            }
        }
    }
}
