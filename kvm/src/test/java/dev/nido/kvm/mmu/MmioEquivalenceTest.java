package dev.nido.kvm.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.isa.Assembler;
import dev.nido.isa.Disassembler;
import dev.nido.kvm.Exit;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.MmioDevice;
import dev.nido.machine.engine.StreamRecorder;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * Random loads and stores of all kinds around the borders of memory, devices and nothing, on the
 * bare machine and under the hypervisor: same stream, same accesses to the device, same memory.
 */
class MmioEquivalenceTest {

    private static final long RAM = GuestRig.RAM;
    private static final int RAM_BYTES = 4 << 20;
    private static final long DEVICE = 0x0900_0000L;
    private static final long DEVICE_BYTES = 0x2000;

    /** Guest tables, and the pages of the window, at these offsets of RAM. */
    private static final int TABLES = 0x20_0000;

    private static final int DATA = 0x30_0000;

    /** Where the window of pages with different things behind them is. */
    private static final long WINDOW = 0x20_0000;

    private static final long VALID_PAGE = 3 | 1 << 10;
    private static final long READ_ONLY = 1 << 7;
    private static final long NORMAL = 0;
    private static final long DEVICE_ATTRIBUTE = 1 << 2;
    private static final long NON_CACHEABLE = 2 << 2;

    private static final String[] FORMS = {
        "ldr x%1$d, [x20]",
        "ldr w%1$d, [x20]",
        "ldrh w%1$d, [x20]",
        "ldrb w%1$d, [x20]",
        "ldrsb x%1$d, [x20]",
        "ldrsb w%1$d, [x20]",
        "ldrsh x%1$d, [x20]",
        "ldrsh w%1$d, [x20]",
        "ldrsw x%1$d, [x20]",
        "str x%1$d, [x20]",
        "str w%1$d, [x20]",
        "strh w%1$d, [x20]",
        "strb w%1$d, [x20]",
        "str xzr, [x20]",
        "ldr x%1$d, [x20, #8]",
        "ldur x%1$d, [x20, #-3]",
        "stur w%1$d, [x20, #5]",
        "ldr x%1$d, [x20], #24",
        "ldr w%1$d, [x20, #-8]!",
        "ldrsh x%1$d, [x20], #2",
        "str x%1$d, [x20], #-16",
        "strb w%1$d, [x20, #1]!",
        "ldr x%1$d, [x20, x21]",
        "ldr w%1$d, [x20, w21, sxtw #2]",
        "strh w%1$d, [x20, x21, lsl #1]",
        "ldtr x%1$d, [x20]",
        "sttrb w%1$d, [x20]",
        "ldp x%1$d, x%2$d, [x20]",
        "ldp w%1$d, w%2$d, [x20, #4]",
        "ldpsw x%1$d, x%2$d, [x20]",
        "ldp x%1$d, x%2$d, [x20], #16",
        "ldnp x%1$d, x%2$d, [x20]",
        "stp x%1$d, x%2$d, [x20]",
        "stp w%1$d, w%2$d, [x20, #-8]!",
        "stp xzr, x%2$d, [x20]",
        "ldr q%1$d, [x20]",
        "ldr d%1$d, [x20]",
        "ldr s%1$d, [x20], #4",
        "ldr h%1$d, [x20]",
        "ldr b%1$d, [x20]",
        "str q%1$d, [x20]",
        "str d%1$d, [x20, #-8]!",
        "str s%1$d, [x20]",
        "str b%1$d, [x20]",
        "ldp q%1$d, q%2$d, [x20]",
        "ldp d%1$d, d%2$d, [x20], #16",
        "ldp s%1$d, s%2$d, [x20]",
        "stp q%1$d, q%2$d, [x20]",
        "stp s%1$d, s%2$d, [x20, #-8]!",
        "ld1 {v3.16b}, [x20]",
        "ld1 {v3.4h, v4.4h}, [x20], #16",
        "ld2 {v3.4s, v4.4s}, [x20]",
        "ld3 {v3.8b, v4.8b, v5.8b}, [x20], x21",
        "ld4 {v3.2d, v4.2d, v5.2d, v6.2d}, [x20]",
        "ld1 {v3.s}[1], [x20]",
        "ld2 {v3.b, v4.b}[9], [x20], #2",
        "ld1r {v3.8h}, [x20]",
        "ld3r {v3.2s, v4.2s, v5.2s}, [x20]",
        "st1 {v3.16b, v4.16b}, [x20]",
        "st2 {v3.8h, v4.8h}, [x20], #32",
        "st4 {v3.4s, v4.4s, v5.4s, v6.4s}, [x20]",
        "st1 {v3.d}[1], [x20], #8",
        "st3 {v3.h, v4.h, v5.h}[2], [x20]",
        "ldar x%1$d, [x20]",
        "ldarb w%1$d, [x20]",
        "stlr w%1$d, [x20]",
        "ldapr x%1$d, [x20]",
        "ldapursh x%1$d, [x20, #6]",
        "stlur x%1$d, [x20, #-8]",
        "ldxr x%1$d, [x20]",
        "stxr w21, x%1$d, [x20]",
        "ldaxp x%1$d, x%2$d, [x20]",
        "ldadd x%1$d, x%2$d, [x20]",
        "ldaddb w%1$d, w%2$d, [x20]",
        "swp w%1$d, w%2$d, [x20]",
        "cas x%1$d, x%2$d, [x20]",
        "casp x2, x3, x4, x5, [x20]",
        "dc zva, x20",
        "dc cvac, x20",
        "dc civac, x20",
        "dc ivac, x20",
        "ic ivau, x20",
        "prfm pldl1keep, [x20]",
        "at s1e1r, x20",
        "at s1e0w, x20",
    };

    /**
     * Devices' accesses, and what they answer: a function of the access and of how many there were.
     */
    private static final class Log implements MmioDevice {
        final List<String> lines = new ArrayList<>();

        @Override
        public long read(long offset, int size) {
            lines.add("read %x %d".formatted(offset, size));
            long value = (offset + 1) * 0x9e37_79b9_7f4a_7c15L + lines.size() * 0xabcd_1234L;
            return size == 8 ? value : value & (1L << 8 * size) - 1;
        }

        @Override
        public void write(long offset, int size, long value) {
            lines.add("write %x %d %x".formatted(offset, size, value));
        }
    }

    /** What a run leaves behind. */
    private static final class Outcome implements StreamRecorder.Listener {
        final Log log = new Log();
        final List<long[]> records = new ArrayList<>();
        byte[] memory = new byte[RAM_BYTES];

        @Override
        public void record(long[] words, int length) {
            records.add(Arrays.copyOf(words, length));
        }
    }

    /** Programs of 1,500 accesses; NIDO_MMIO_PROGRAMS asks for another number of them. */
    static LongStream seeds() {
        String n = System.getenv("NIDO_MMIO_PROGRAMS");
        return LongStream.range(0, n == null ? 12 : Long.parseLong(n));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void anInstructionOnADeviceDoesWhatItDoesOnTheBareMachine(long seed) {
        byte[] image = image(seed);
        Outcome bare = bare(image);
        Outcome hosted = hosted(image, seed);
        for (int i = 0; i < Math.min(bare.records.size(), hosted.records.size()); i++) {
            long[] b = bare.records.get(i);
            long[] h = hosted.records.get(i);
            if (!Arrays.equals(b, h)) {
                throw new AssertionError(
                        "record %d\nbare   %s\nhosted %s\n%s"
                                .formatted(i, hex(b), hex(h), context(image, bare, i)));
            }
        }
        assertThat(hosted.records).hasSameSizeAs(bare.records);
        assertThat(hosted.log.lines).isEqualTo(bare.log.lines);
        assertThat(bare.log.lines.size()).isGreaterThan(500);
        assertThat(hosted.memory).isEqualTo(bare.memory);
    }

    private static String context(byte[] image, Outcome bare, int i) {
        StringBuilder s = new StringBuilder();
        for (int n = Math.max(0, i - 6); n <= i; n++) {
            long pc = bare.records.get(n)[0];
            int at = (int) (pc - RAM);
            int word = 0;
            for (int k = 3; k >= 0 && at >= 0 && at + 4 <= image.length; k--) {
                word = word << 8 | image[at + k] & 0xff;
            }
            s.append(
                    "%x %s %s\n"
                            .formatted(
                                    pc,
                                    Disassembler.disassemble(pc, word),
                                    hex(bare.records.get(n))));
        }
        return s.toString();
    }

    private static String hex(long[] words) {
        StringBuilder s = new StringBuilder();
        for (long w : words) {
            s.append(Long.toHexString(w)).append(' ');
        }
        return s.toString();
    }

    // The program

    private static byte[] image(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        StringBuilder s = new StringBuilder(PRELUDE);
        boolean el0 = seed % 3 == 2;
        if (el0) {
            s.append(TO_EL0);
        }
        int[] offsets = {0, 1, 2, 4, 7, 8, 12, 16, 24, 60, 64};
        for (int i = 0; i < 1500; i++) {
            if (i % 50 == 0 && !el0) {
                s.append(SCTLR.formatted(SCTLR_VALUE | random.nextInt(4) / 3 * 2));
                s.append("msr pan, #%d\n".formatted(random.nextInt(2)));
                s.append("msr uao, #%d\n".formatted(random.nextInt(2)));
            }
            int page = random.nextInt(PAGES.length);
            int near = offsets[random.nextInt(offsets.length)];
            long offset =
                    switch (random.nextInt(3)) {
                        case 0 -> near;
                        case 1 -> 0x1000 - near;
                        default -> random.nextInt(0xfff);
                    };
            if (random.nextInt(3) != 0) {
                offset &= -8;
            }
            long address = WINDOW + ((long) page << 12) + offset;
            s.append("ldr x20, =0x%x\n".formatted(address));
            s.append("mov x21, #%d\n".formatted(random.nextInt(5)));
            int r = random.nextInt(19);
            String form = FORMS[random.nextInt(FORMS.length)];
            s.append(form.formatted(r, (r + 1 + random.nextInt(17)) % 19)).append('\n');
            if (i % 40 == 39) {
                s.append("b 1f\n.ltorg\n1:\n");
            }
        }
        s.append(END);
        byte[] program = Assembler.assemble(s.toString(), RAM).bytes();
        assertThat(program.length).isLessThan(TABLES);
        byte[] image = new byte[RAM_BYTES];
        System.arraycopy(program, 0, image, 0, program.length);
        tables(image, el0);
        for (int i = DATA; i < DATA + 0x1_0000; i++) {
            image[i] = (byte) random.nextInt();
        }
        return image;
    }

    /** What is behind each page of the window: a descriptor, or 0. */
    private static final long[] PAGES = {
        ram(0) | NORMAL,
        DEVICE | DEVICE_ATTRIBUTE,
        ram(1) | NORMAL,
        DEVICE | NON_CACHEABLE,
        DEVICE + 0x1000 | NON_CACHEABLE,
        0x0a00_0000L | NON_CACHEABLE,
        ram(2) | NORMAL,
        0,
        DEVICE | DEVICE_ATTRIBUTE,
        0,
        DEVICE + 0x1000 | NON_CACHEABLE,
        DEVICE | NON_CACHEABLE | READ_ONLY,
        ram(3) | NORMAL | READ_ONLY,
        DEVICE | DEVICE_ATTRIBUTE | 1 << 6,
        DEVICE + 0x1000 | NON_CACHEABLE | 1 << 6,
        0x0a00_0000L | DEVICE_ATTRIBUTE,
        DEVICE + 0x1000 | DEVICE_ATTRIBUTE,
    };

    private static long ram(int page) {
        return RAM + DATA + ((long) page << 12);
    }

    /** Level 1: RAM as a block, the window through levels 2 and 3; a level 3 table in no memory. */
    private static void tables(byte[] image, boolean el0) {
        // Executable at EL1 and at EL0: read only.
        put(image, TABLES + 8, RAM | 1 | 1 << 10 | 3 << 8 | (el0 ? 3 << 6 : 0));
        put(image, TABLES, RAM + TABLES + 0x1000 | 3);
        int level2 = TABLES + 0x1000;
        put(image, level2 + 8 * (int) (WINDOW >>> 21), RAM + TABLES + 0x2000 | 3);
        put(image, level2 + 8 * 2, 0x0b00_0000L | 3);
        put(image, TABLES + 16, 0x0b00_1000L | 3);
        for (int i = 0; i < PAGES.length; i++) {
            put(image, TABLES + 0x2000 + 8 * i, descriptor(PAGES[i], el0));
        }
    }

    /** Pages are the privileged level's, unless they say otherwise; for EL0 it is the other way. */
    private static long descriptor(long page, boolean el0) {
        return page == 0 ? 0 : (el0 ? page ^ 1 << 6 : page) | VALID_PAGE;
    }

    private static void put(byte[] image, int at, long value) {
        for (int i = 0; i < 8; i++) {
            image[at + i] = (byte) (value >>> 8 * i);
        }
    }

    private static final String PRELUDE =
            """
                b       start
                .balign 2048
            vectors:
                .space  0x200
            sync:
                mrs     x29, esr_el1
                lsr     x29, x29, #26
                cmp     x29, #0x15
                b.eq    ending
                mrs     x28, elr_el1
                tst     x27, #1
                b.ne    fetched
                add     x28, x28, #4
                msr     elr_el1, x28
                eret
            fetched:
                mov     x27, #0
                msr     elr_el1, x30
                eret
                .org    vectors + 0x400
                b       sync
            start:
                adr     x0, vectors
                msr     vbar_el1, x0
                ldr     x0, =0x4404ff
                msr     mair_el1, x0
                ldr     x0, =0x280193519
                msr     tcr_el1, x0
                ldr     x0, =0xb003000
                msr     ttbr1_el1, x0
                ldr     x0, =0x40200000
                msr     ttbr0_el1, x0
                mov     x0, #0x300000
                msr     cpacr_el1, x0
                ldr     x0, =0x34d05805
                isb
                msr     sctlr_el1, x0
                isb
                mov     x27, #0
                ldr     x0, =0x123456789abcdef
                mov     x19, #31
            1:  mov     x1, x19
                lsl     x1, x1, #1
                eor     x0, x0, x0, lsl #13
                eor     x0, x0, x0, lsr #7
                eor     x0, x0, x0, lsl #17
                subs    x19, x19, #1
                b.ne    1b
                dup     v0.2d, x0
                mov     x1, x0
                mov     x2, x1
                eor     x3, x2, x0, ror #5
                eor     x4, x3, x0, ror #9
                eor     x5, x3, x0, ror #11
                eor     x6, x3, x0, ror #15
                eor     x7, x3, x0, ror #19
                ins     v3.d[0], x3
                ins     v3.d[1], x4
                ins     v4.d[0], x5
                ins     v4.d[1], x6
                ins     v5.d[0], x7
                ins     v6.d[0], x4
            """;

    /** On at EL0 from here. */
    private static final String TO_EL0 =
            """
                adr     x0, 1f
                msr     elr_el1, x0
                msr     spsr_el1, xzr
                eret
            1:
            """;

    private static final String SCTLR = "ldr x0, =0x%x\nmsr sctlr_el1, x0\nisb\n";
    private static final long SCTLR_VALUE = 0x34d05805L;

    /** Fetches from a device and from nothing, a walk to nowhere; then power off. */
    private static final String END =
            """
                svc     #0
            ending:
                mov     x27, #1
                adr     x30, 1f
                ldr     x0, =0x201000
                br      x0
            1:  mov     x27, #1
                adr     x30, 1f
                ldr     x0, =0x205000
                br      x0
            1:  ldr     x0, =0x400000
                ldr     x1, [x0]
                str     x1, [x0]
                dc      cvac, x0
                ldadd   x1, x2, [x0]
                stxr    w3, x1, [x0]
                ldr     x20, =0x400ff8
                stp     w1, w2, [x20, #4]
                mov     x27, #1
                adr     x30, 1f
                br      x0
            1:  ldr     x0, =0x80000000
                ldr     x1, [x0]
                strb    w1, [x0, #1]
                stp     q1, q2, [x0, #-16]
                mov     x27, #1
                adr     x30, 1f
                br      x0
            1:  ldr     x0, =0xffffff8000001000
                ldrsh   x1, [x0]
                stlr    x1, [x0]
                st4     {v1.4s, v2.4s, v3.4s, v4.4s}, [x0]
                casp    x2, x3, x4, x5, [x0]
                at      s1e1r, x0
                ic      ivau, x0
                mov     x27, #1
                adr     x30, 1f
                br      x0
            1:  ldr     x0, =0x34d05804
                msr     sctlr_el1, x0
                isb
                ldr     x20, =0x9000ffc
                ldp     w1, w2, [x20]
                str     x1, [x20]
                ldr     x20, =0x9001ffc
                ldp     w1, w2, [x20]
                stp     w1, w2, [x20]
                ldr     x20, =0x9001000
                dc      zva, x20
                ldp     q1, q2, [x20]
                ldr     x0, =0x84000008
                hvc     #0
            """;

    // The two machines

    private static Outcome bare(byte[] image) {
        Outcome o = new Outcome();
        MachineConfig config =
                new MachineConfig(
                        CpuModel.defaultModel().withoutEl2(), 1, RAM, RAM_BYTES, true, 7, 1, true);
        try (Machine machine = new Machine(config, new StreamRecorder(o))) {
            machine.bus().map("log", DEVICE, DEVICE_BYTES, o.log);
            machine.memory().write(0, image, 0, image.length);
            machine.startPe(0, RAM, 0);
            assertThat(machine.run(Duration.ofSeconds(30)))
                    .isInstanceOf(MachineEnd.PoweredOff.class);
            machine.memory().read(0, o.memory, 0, RAM_BYTES);
        }
        return o;
    }

    /** Under hypervisors of all granules, with blocks and with scattered pages. */
    private static Outcome hosted(byte[] image, long seed) {
        Outcome o = new Outcome();
        int pageShift = 12 + 2 * (int) (seed / 2 % 3);
        boolean scattered = seed % 4 == 1;
        StreamRecorder recorder = new StreamRecorder(o);
        try (GuestRig rig = new GuestRig("default", RAM_BYTES, 1, recorder, pageShift, scattered)) {
            rig.vm.ram().write(RAM, image, 0, image.length);
            rig.vm.mmio().setUserDevices((ipa, size) -> isDevice(ipa, size));
            rig.vcpu.setPc(RAM);
            while (true) {
                Exit exit = rig.run();
                if (exit instanceof Exit.SystemEvent) {
                    break;
                }
                if (!(exit instanceof Exit.Mmio m)) {
                    throw new AssertionError(exit.toString());
                }
                if (!isDevice(m.ipa(), m.size())) {
                    rig.vcpu.failMmio();
                } else if (m.write()) {
                    o.log.write(m.ipa() - DEVICE, m.size(), m.value());
                    rig.vcpu.completeMmio(0);
                } else {
                    rig.vcpu.completeMmio(o.log.read(m.ipa() - DEVICE, m.size()));
                }
            }
            rig.vm.ram().read(RAM, o.memory, 0, RAM_BYTES);
        }
        return o;
    }

    private static boolean isDevice(long ipa, int size) {
        return ipa >= DEVICE && ipa + size <= DEVICE + DEVICE_BYTES;
    }
}
