package dev.nido.board.compare;

import dev.nido.arch.SysReg;
import dev.nido.board.VirtMap;
import dev.nido.board.load.KernelLoader;
import dev.nido.isa.Assembler;

import java.util.Map;
import java.util.SplittableRandom;

/**
 * A program of random accesses to everything that a hypervisor emulates: system registers, system
 * instructions, the interrupt controller, timers, devices, firmware calls, and addresses where
 * nothing is. It recovers from most exceptions, counts them, and ends by PSCI SYSTEM_OFF; from some
 * it does not, and then it ends as a guest that cannot go on.
 */
final class RandomGuest {

    private static final long ORIGIN = VirtMap.RAM + KernelLoader.RAW_OFFSET;

    private static final SysReg[] REGISTERS = SysReg.values();

    /** What random programs should rather not lose: their vectors, and translation. */
    private static final SysReg[] PRECIOUS = {
        SysReg.VBAR_EL1, SysReg.SCTLR_EL1, SysReg.ELR_EL1, SysReg.SPSR_EL1, SysReg.SP_EL0
    };

    private static final long[] DEVICES = {
        VirtMap.GIC_DISTRIBUTOR,
        VirtMap.GIC_REDISTRIBUTOR,
        VirtMap.GIC_REDISTRIBUTOR + 0x1_0000,
        VirtMap.UART,
        VirtMap.RTC,
        VirtMap.GPIO,
        VirtMap.VIRTIO,
        VirtMap.VIRTIO + 0x200,
        0x0500_0000L,
        0x7000_0000L,
        0x10_0000_0000L,
        0
    };

    /** Registers of the interrupt controller that matter most, in its frames of 64 KiB. */
    private static final int[] GIC_OFFSETS = {
        0, 4, 8, 0xc, 0x14, 0x80, 0x84, 0x100, 0x104, 0x180, 0x184, 0x200, 0x204, 0x280, 0x284,
        0x300, 0x304, 0x380, 0x384, 0x400, 0x404, 0x41b, 0x420, 0x424, 0xc00, 0xc04, 0xc08, 0xd00,
        0xf00, 0x6100, 0x6108, 0xffe8
    };

    private final SplittableRandom random;
    private final StringBuilder text = new StringBuilder();
    private int labels;

    private RandomGuest(long seed) {
        random = new SplittableRandom(seed);
    }

    /** The image of a program, to be loaded as a raw kernel. */
    static byte[] image(long seed, int length) {
        return Assembler.assemble("random", source(seed, length), ORIGIN, Map.of()).bytes();
    }

    static String source(long seed, int length) {
        RandomGuest guest = new RandomGuest(seed);
        guest.write(length);
        return guest.text.toString();
    }

    private void line(String format, Object... values) {
        text.append(String.format(format, values)).append('\n');
    }

    private void write(int length) {
        line("start: adr x0, vectors");
        line("msr vbar_el1, x0");
        line("adr x0, stack");
        line("mov sp, x0");
        constant(28, 400);
        line("b prepare");
        line("secondary: adr x1, vectors");
        line("msr vbar_el1, x1");
        constant(28, 100);
        line("prepare: nop");
        if (random.nextInt(4) != 0) {
            interrupts();
        }
        for (int i = 0; i < length; i++) {
            step();
        }
        line("off: movz x0, #0x8400, lsl #16");
        line("movk x0, #8");
        line("hvc #0");
        line("hang: b hang");
        vectors();
        line(".balign 16");
        line(".space 256");
        line("stack: .space 16");
    }

    /** Interrupts work: distributor, redistributors and CPU interface on. */
    private void interrupts() {
        store(VirtMap.GIC_DISTRIBUTOR, 4, 0x12 | random.nextInt(2));
        store(VirtMap.GIC_DISTRIBUTOR + 0x84, 4, 0xffff_ffffL);
        store(VirtMap.GIC_DISTRIBUTOR + 0x104, 4, 0xffff_ffffL);
        for (int cpu = 0; cpu < 2; cpu++) {
            long sgis = VirtMap.GIC_REDISTRIBUTOR + cpu * 0x2_0000L + 0x1_0000;
            store(sgis + 0x80, 4, random.nextInt(3) != 0 ? 0xffff_ffffL : random.nextInt());
            store(sgis + 0x100, 4, 0xffff_ffffL);
        }
        constant(0, random.nextInt(3) != 0 ? 0xf0 : random.nextInt(256));
        line("msr icc_pmr_el1, x0");
        constant(0, 1);
        line("msr icc_igrpen1_el1, x0");
        line("msr icc_igrpen0_el1, x0");
        if (random.nextBoolean()) {
            line("msr daifclr, #15");
        }
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
        line("%s %c0, [x1]", store(size), size == 8 ? 'x' : 'w');
    }

    private static String store(int size) {
        return size == 1 ? "strb" : size == 2 ? "strh" : "str";
    }

    private static String load(int size) {
        return size == 1 ? "ldrb" : size == 2 ? "ldrh" : "ldr";
    }

    private int any() {
        return random.nextInt(20);
    }

    private long value() {
        return switch (random.nextInt(8)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> 1L << random.nextInt(64);
            case 3 -> random.nextInt(256);
            case 4 -> random.nextInt(0x1_0000);
            case 5 -> ORIGIN + 4L * random.nextInt(64);
            default -> random.nextLong();
        };
    }

    private void step() {
        switch (random.nextInt(24)) {
            case 0, 1 -> constant(any(), value());
            case 2, 3, 4 -> registerAccess(REGISTERS[random.nextInt(REGISTERS.length)]);
            case 5 -> systemInstruction();
            case 6, 7, 8, 9, 10 -> deviceAccess();
            case 11, 12 -> interruptRegister();
            case 13, 14 -> timer();
            case 15 -> firmware();
            case 16 -> softwareInterrupt();
            case 17 -> wait(random.nextInt(200));
            case 18 ->
                    line(
                            "msr %s, #%d",
                            random.nextBoolean() ? "daifclr" : "daifset", random.nextInt(16));
            case 19 -> {
                timer();
                line(random.nextInt(4) == 0 ? "wfe" : "wfi");
            }
            case 20 -> line("svc #%d", random.nextInt(16));
            case 21 -> wideAccess();
            case 22 -> {
                if (random.nextInt(12) == 0) {
                    line(".word 0x%x", random.nextInt());
                }
            }
            default -> line("add x%d, x%d, x%d", any(), any(), any());
        }
    }

    private void registerAccess(SysReg r) {
        for (SysReg precious : PRECIOUS) {
            if (r == precious && random.nextInt(20) != 0) {
                return;
            }
        }
        int key = random.nextInt(20) == 0 ? 2 << 14 | random.nextInt(1 << 15) : r.key();
        int word = 0xd510_0000 | (key & 0x7fff) << 5 | (key >>> 14 & 1) << 19 | any();
        if (random.nextInt(5) < 3) {
            word |= 1 << 21;
        } else {
            constant(word & 31, value());
        }
        line(".word 0x%x", word);
    }

    private void systemInstruction() {
        constant(3, value());
        int key = 1 << 14 | random.nextInt(1 << 14) & ~0x3f80 | (7 + random.nextInt(2)) << 7;
        line(".word 0x%x", 0xd508_0000 | (key & 0x3fff) << 5 | 3);
    }

    private void deviceAccess() {
        long base = DEVICES[random.nextInt(DEVICES.length)];
        boolean gic = base >>> 20 == 0x80;
        if (gic && random.nextBoolean()) {
            base += random.nextInt(2) * 0x2_0000L;
        }
        int size = 1 << random.nextInt(4);
        long offset;
        if (gic && random.nextInt(4) != 0) {
            offset = GIC_OFFSETS[random.nextInt(GIC_OFFSETS.length)];
            size = random.nextInt(6) == 0 ? size : 4;
        } else {
            offset = random.nextInt(gic ? 0x1_0000 : 0x200) & -size;
        }
        constant(2, base + offset);
        if (random.nextInt(5) < 2) {
            constant(3, value());
            line("%s %c3, [x2]", store(size), size == 8 ? 'x' : 'w');
        } else {
            line("%s %c%d, [x2]", load(size), size == 8 ? 'x' : 'w', any());
        }
    }

    /** Accesses that have no syndrome. */
    private void wideAccess() {
        constant(2, DEVICES[random.nextInt(DEVICES.length)] + 8L * random.nextInt(64));
        switch (random.nextInt(8)) {
            case 0 -> line("ldp x3, x4, [x2]");
            case 1 -> line("stp w3, w4, [x2]");
            case 2 -> line("ldr w3, [x2], #4");
            case 3 -> line("str x3, [x2, #8]!");
            case 4 -> line("ldrsh x3, [x2]");
            case 5 -> line("ldp w3, w4, [x2], #8");
            case 6 -> line("ldaxr w3, [x2]");
            default -> line("swp w3, w4, [x2]");
        }
    }

    private void interruptRegister() {
        String[] names = {
            "icc_iar1_el1", "icc_iar0_el1", "icc_hppir1_el1", "icc_hppir0_el1", "icc_rpr_el1",
            "icc_pmr_el1", "icc_bpr0_el1", "icc_bpr1_el1", "icc_ctlr_el1", "icc_igrpen0_el1",
            "icc_igrpen1_el1", "icc_ap0r0_el1", "icc_ap1r0_el1", "icc_sre_el1", "isr_el1"
        };
        if (random.nextInt(5) < 3) {
            line("mrs x%d, %s", any(), names[random.nextInt(names.length)]);
            return;
        }
        String[] written = {
            "icc_eoir1_el1",
            "icc_eoir0_el1",
            "icc_dir_el1",
            "icc_pmr_el1",
            "icc_bpr0_el1",
            "icc_bpr1_el1",
            "icc_ctlr_el1",
            "icc_igrpen0_el1",
            "icc_igrpen1_el1"
        };
        String name = written[random.nextInt(written.length)];
        constant(
                3,
                name.contains("eoir") || name.contains("dir")
                        ? random.nextInt(64)
                        : random.nextInt(256));
        line("msr %s, x3", name);
    }

    private void timer() {
        String t = random.nextBoolean() ? "cntv" : "cntp";
        if (random.nextInt(4) == 0) {
            line(
                    "mrs x%d, %s_%s_el0",
                    any(), t, new String[] {"ctl", "cval", "tval"}[random.nextInt(3)]);
            return;
        }
        constant(3, random.nextInt(10) == 0 ? value() : random.nextInt(600));
        line("msr %s_tval_el0, x3", t);
        constant(3, random.nextInt(5) == 0 ? random.nextInt(8) : 1);
        line("msr %s_ctl_el0, x3", t);
    }

    private void firmware() {
        constant(1, random.nextInt(3) == 0 ? value() : random.nextInt(3));
        int function = random.nextInt(0x16);
        if (random.nextInt(3) == 0) {
            function = 3;
            line("adr x2, secondary");
        }
        boolean end = function == 2 || function == 8 || function == 9 || function == 0x12;
        if (end && random.nextInt(30) != 0) {
            function = 0;
        }
        long id =
                switch (random.nextInt(6)) {
                    case 0 -> 0xc400_0000L | function;
                    case 1 -> 0x8000_0000L | random.nextInt(4);
                    case 2 -> 0xc600_0000L | random.nextInt(0x40);
                    case 3 -> value() & ~0x8400_001fL;
                    default -> 0x8400_0000L | function;
                };
        constant(0, id);
        line(random.nextInt(4) == 0 ? "smc #%d" : "hvc #%d", random.nextInt(8) == 0 ? 5 : 0);
    }

    private void softwareInterrupt() {
        constant(
                3,
                random.nextInt(4) == 0
                        ? value()
                        : (long) random.nextInt(16) << 24
                                | (long) random.nextInt(2) << 40
                                | 1 + random.nextInt(3));
        line("msr %s, x3", random.nextInt(4) == 0 ? "icc_sgi0r_el1" : "icc_sgi1r_el1");
    }

    private void wait(int times) {
        String label = "loop" + labels++;
        constant(27, times + 1);
        line("%s: sub x27, x27, #1", label);
        line("cbnz x27, %s", label);
    }

    /** All synchronous exceptions skip an instruction, all interrupts are ended. */
    private void vectors() {
        line(".balign 2048");
        line("vectors:");
        String[] kinds = {"sync", "irq", "fiq", "serror"};
        for (int group = 0; group < 4; group++) {
            for (String kind : kinds) {
                line(".balign 128");
                line("b %s", kind);
            }
        }
        line("serror: nop");
        line("sync: mrs x29, elr_el1");
        line("add x29, x29, #4");
        line("msr elr_el1, x29");
        line("b counted");
        line("irq: mrs x29, icc_iar1_el1");
        line("msr icc_eoir1_el1, x29");
        line("b counted");
        line("fiq: mrs x29, icc_iar0_el1");
        line("msr icc_eoir0_el1, x29");
        line("counted: sub x28, x28, #1");
        line("tbnz x28, #63, off");
        line("eret");
    }
}
