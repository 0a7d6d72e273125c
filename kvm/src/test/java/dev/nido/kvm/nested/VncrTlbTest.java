package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A guest hypervisor gives its guest a VNCR page, by an address of its own regime. */
class VncrTlbTest {

    private static final long TABLES = HostedGuest.RAM + 0x20_0000;
    private static final long LEAVES = TABLES + 0x2000;

    /** Where the guest hypervisor has the page, and where it may be. */
    private static final long VA = HostedGuest.RAM + 0x60_0000;

    private static final long A = HostedGuest.RAM + 0x40_0000;
    private static final long B = HostedGuest.RAM + 0x40_1000;

    private static final int TPIDR = 0x90;

    /** AF, inner shareable, attribute 0; a page. */
    private static final long PAGE = 1 << 10 | 3 << 8 | 3;

    private static final long READ_ONLY = 1 << 7;
    private static final long NOT_GLOBAL = 1 << 11;
    private static final long BLOCK = PAGE & ~2;

    /** TLBI of the own regime. */
    private static final String[] FORMS = {
        "#4, c8, c3, #0", // ALLE2IS
        "#4, c8, c3, #1", // VAE2IS
        "#4, c8, c3, #5", // VALE2IS
        "#4, c8, c7, #0", // ALLE2
        "#4, c8, c7, #1", // VAE2
        "#4, c8, c7, #5" // VALE2
    };

    private final TextOf text = new TextOf();

    /** What the test's program is written with. */
    private static final class TextOf {
        private final StringBuilder s = new StringBuilder();
        private int runs;

        TextOf add(String line) {
            s.append(line).append('\n');
            return this;
        }

        TextOf load(String register, long value) {
            add("movz %s, #0x%x".formatted(register, value & 0xffff));
            for (int shift = 16; shift < 64; shift += 16) {
                if ((value >>> shift & 0xffff) != 0) {
                    long part = value >>> shift & 0xffff;
                    add("movk %s, #0x%x, lsl #%d".formatted(register, part, shift));
                }
            }
            return this;
        }

        TextOf store(long at, long value) {
            load("x1", at).load("x0", value);
            return add("str x0, [x1]\ndsb ish");
        }

        TextOf set(String register, long value) {
            load("x0", value);
            return add("msr %s, x0\nisb".formatted(register));
        }

        TextOf tlbi(String form) {
            load("x0", VA >>> 12);
            return add("sys " + form + ", x0\ndsb ish\nisb");
        }

        /** Runs the guest, which writes and reads, or only reads; logs what it and memory have. */
        TextOf run(boolean write) {
            add("adr x26, after_" + runs);
            add("movz x12, #0x%x".formatted(runs + 0x100));
            add("mov x13, #0");
            add("adr x0, " + (write ? "write" : "read") + "\nmsr elr_el2, x0");
            add("mov x0, #0x3c5\nmsr spsr_el2, x0\neret");
            add("after_" + runs++ + ":");
            add("str x13, [x28], #8");
            for (long page : new long[] {A, B}) {
                load("x1", page + TPIDR);
                add("ldr x0, [x1]\nstr x0, [x28], #8");
            }
            return this;
        }
    }

    private static final String TOP =
            """
            adr x0, vectors
            msr vbar_el2, x0
            movz x28, #0x4010, lsl #16
            b body
            write: msr tpidr_el2, x12
            read: mrs x13, tpidr_el2
            hvc #0
            .balign 2048
            vectors: .skip 0x200
            b sync
            .skip 0x400 - (. - vectors)
            b sync
            .skip 0x800 - (. - vectors)
            sync: mrs x0, esr_el2
            str x0, [x28], #8
            mrs x0, elr_el2
            str x0, [x28], #8
            mrs x0, far_el2
            str x0, [x28], #8
            mrs x0, hpfar_el2
            str x0, [x28], #8
            mrs x0, spsr_el2
            str x0, [x28], #8
            br x26
            body:
            """;

    private void mmu(boolean e2h, boolean on) {
        text.set("tcr_el2", e2h ? 25 | 1 << 23 | 5L << 32 | 1L << 36 : 25 | 5 << 16 | 1L << 31);
        text.set("sctlr_el2", 0x30c5_0830L | 1 << 11 | 1 << 22 | (on ? 1 : 0));
    }

    @ParameterizedTest(name = "E2H {0}, blocks of {1}")
    @CsvSource({"true,10000", "true,1", "false,10000"})
    void itIsWhereThePeHasIt(boolean e2h, int blocks) {
        CpuModel cpu = CpuModel.parse(e2h ? "default,-e2h0,+nv2" : "default,-vhe,+nv2");
        if (!cpu.has(Feature.NV2)) {
            return;
        }
        text.set("hcr_el2", 1L << 31 | 1L << 42 | 1L << 45);
        text.set("mair_el2", 0xff);
        text.set("far_el2", 0x1234);
        // Without the guest hypervisor's own translation.
        text.set("vncr_el2", A).run(true).run(false);
        text.set("vncr_el2", B).run(true).run(true);
        text.set("vncr_el2", 0x2000_0000L).run(true).run(false);
        // With it.
        text.store(TABLES + 8, TABLES + 0x1000 | 3);
        for (int i = 0; i < 3; i++) {
            text.store(TABLES + 0x1000 + 8 * i, HostedGuest.RAM + ((long) i << 21) | BLOCK);
        }
        text.store(TABLES + 0x1018, LEAVES | 3).store(LEAVES, A | PAGE);
        text.set("ttbr0_el2", TABLES);
        mmu(e2h, true);
        text.set("vncr_el2", VA).run(true);
        for (String form : FORMS) {
            text.store(LEAVES, B | PAGE).run(true).tlbi(form).run(true);
            text.store(LEAVES, A | PAGE | READ_ONLY).tlbi(form).run(true).run(false);
            text.store(LEAVES, A | PAGE).tlbi(form).run(true);
        }
        text.store(LEAVES, 0).tlbi(FORMS[0]).run(true).run(false);
        text.store(LEAVES, A | PAGE & ~(1 << 10)).run(true).run(false);
        text.store(LEAVES, 0x2000_0000L | PAGE).run(true).run(false);
        text.store(LEAVES, 1L << 47 | PAGE).tlbi(FORMS[0]).run(true);
        text.store(LEAVES, A | PAGE).tlbi(FORMS[0]).run(true);
        mmu(e2h, false);
        text.run(true);
        mmu(e2h, true);
        text.run(true);
        if (e2h) {
            // With an ASID: what another one has made is not this one's.
            text.store(LEAVES, A | PAGE | NOT_GLOBAL).tlbi(FORMS[0]);
            text.set("ttbr0_el2", TABLES | 1L << 48).run(true);
            text.store(LEAVES, B | PAGE | NOT_GLOBAL).run(true);
            text.set("ttbr0_el2", TABLES | 2L << 48).run(true);
            text.set("ttbr0_el2", TABLES | 1L << 48).run(true);
            text.tlbi(FORMS[0]).run(true);
        }
        String program = TOP + text.s + HostedGuest.OFF_BY_SMC;
        BothSides.Outcome expected = BothSides.bare(cpu, program);
        assertThat(expected.log()).hasSizeGreaterThan(150);
        BothSides.hosted(Feature.NV2, cpu, program, blocks).isAsOn(expected);
    }
}
