package dev.nido.kvm.sysreg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Errno;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Vcpu;
import dev.nido.machine.Machine;
import dev.nido.machine.MachineConfig;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.gic.Gic;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.Arrays;

/** The guest's performance monitors count what those of the bare machine count. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class VirtualPmuTest {

    /** Six counters: what they count is in {@code types}; the cycle counter; all on. */
    private static final String START =
            """
            adr x0, table
            msr vbar_el1, x0
            adr x1, types
            ldp w2, w3, [x1]
            msr pmevtyper0_el0, x2
            msr pmevtyper1_el0, x3
            ldp w2, w3, [x1, #8]
            msr pmevtyper2_el0, x2
            msr pmevtyper3_el0, x3
            ldp w2, w3, [x1, #16]
            msr pmevtyper4_el0, x2
            msr pmevtyper5_el0, x3
            mov x0, #-1
            msr pmcntenset_el0, x0
            mov x0, #1
            msr pmcr_el0, x0
            """;

    private static final String END =
            """
            finish: msr pmcntenclr_el0, x20
            mrs x10, pmevcntr0_el0
            mrs x11, pmevcntr1_el0
            mrs x12, pmevcntr2_el0
            mrs x13, pmevcntr3_el0
            mrs x14, pmevcntr4_el0
            mrs x15, pmevcntr5_el0
            mrs x16, pmccntr_el0
            mrs x17, pmovsclr_el0
            """
                    + HostedGuest.OFF;

    /** Traps, system calls, exits, EL0, undefined instructions that L0 injects. */
    private static final String WORK =
            START
                    + """
                    mov x20, #-1
                    mov x9, #0
                    mov x8, #0
                    again: mrs x2, id_aa64pfr0_el1
                    svc #0
                    mov x3, #0x20
                    msr pmswinc_el0, x3
                    dc cisw, x8
                    mrs x2, s3_0_c15_c0_0
                    movz x0, #0x8400, lsl #16
                    hvc #0
                    msr actlr_el1, x8
                    mrs x18, pmevcntr1_el0
                    mrs x19, pmccntr_el0
                    add x8, x8, #1
                    cmp x8, #7
                    b.ne again
                    adr x2, user
                    msr elr_el1, x2
                    msr spsr_el1, xzr
                    eret
                    user: mrs x2, id_aa64pfr0_el1
                    add x4, x4, #1
                    svc #1
                    nop
                    b user
                    """
                    + END
                    + """
                    .balign 2048
                    table: .space 0x200
                    mrs x5, esr_el1
                    lsr x5, x5, #26
                    cbnz x5, 1f
                    mrs x5, elr_el1
                    add x5, x5, #4
                    msr elr_el1, x5
                    1: eret
                    .space 0x200 - 28
                    add x9, x9, #1
                    cmp x9, #12
                    b.eq finish
                    mrs x5, esr_el1
                    lsr x5, x5, #26
                    cmp x5, #0x15
                    b.eq 2f
                    mrs x5, elr_el1
                    add x5, x5, #4
                    msr elr_el1, x5
                    2: eret
                    .balign 8
                    """;

    private static String types(int... types) {
        StringBuilder s = new StringBuilder("types: .word ");
        for (int i = 0; i < types.length; i++) {
            s.append(i == 0 ? "" : ", ").append("0x").append(Integer.toHexString(types[i]));
        }
        return s.append('\n').toString();
    }

    private static final String COUNTED =
            types(
                    0x08, // INST_RETIRED
                    0x09, // EXC_TAKEN
                    0x0a, // EXC_RETURN
                    1 << 30 | 0x11, // CPU_CYCLES but for EL0
                    1 << 31 | 0x09, // EXC_TAKEN but from EL1
                    0x00); // SW_INCR

    private static long[] bare(String program, boolean interrupts) {
        CpuModel cpu = CpuModel.defaultModel().withoutEl2();
        try (Machine machine =
                new Machine(
                        new MachineConfig(cpu, 1, HostedGuest.RAM, 16 << 20, true, 1, 1, true))) {
            byte[] code = Assembler.assemble(program, HostedGuest.RAM).bytes();
            machine.memory().write(0, code, 0, code.length);
            if (interrupts) {
                Gic gic = machine.gic();
                gic.distributor().write(0, 4, 0x13);
                gic.redistributors().write(0x14, 4, 0);
                gic.redistributors().write(0x1_0080, 4, -1);
                gic.redistributors().write(0x1_0100, 4, 1 << VirtualPmu.INTID);
            }
            machine.startPe(0, HostedGuest.RAM, 0);
            MachineEnd end = machine.run(Duration.ofSeconds(30));
            assertThat(end).isEqualTo(new MachineEnd.PoweredOff());
            return Arrays.copyOf(machine.pe(0).x, 31);
        }
    }

    private static long[] hosted(String program, int blocks, boolean interrupts) {
        try (HostedGuest guest = HostedGuest.deterministic(1, program)) {
            if (interrupts) {
                guest.vm.vgic().distributor().write(0, 4, 0x13);
                guest.vm.vgic().redistributors().write(0x14, 4, 0);
                guest.vm.vgic().redistributors().write(0x1_0080, 4, -1);
                guest.vm.vgic().redistributors().write(0x1_0100, 4, 1 << VirtualPmu.INTID);
            }
            assertThat(guest.runAll(blocks))
                    .isEqualTo(new Exit.SystemEvent(Exit.SystemEvent.Type.SHUTDOWN));
            long[] x = new long[31];
            for (int n = 0; n < 31; n++) {
                x[n] = guest.vcpu(0).reg(n);
            }
            return x;
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 10_000})
    void exitsAreNotCountedAndInjectedExceptionsAre(int blocks) {
        String program = WORK + COUNTED;
        long[] expected = bare(program, false);
        assertThat(expected[9]).isEqualTo(12);
        assertThat(expected[11]).as("exceptions").isEqualTo(7 + 7 + 12);
        assertThat(expected[15]).as("software increments").isEqualTo(7);
        assertThat(hosted(program, blocks, false)).isEqualTo(expected);
    }

    /** Two vCPUs take turns on one PE, at every loop: neither counts the other's. */
    @Test
    void countsGoWithTheVcpu() {
        String program = WORK.replace("again: mrs", "again: nop\n mrs") + COUNTED;
        long[] expected = bare(program, false);
        String exiting =
                "movz x7, #0x900, lsl #16\n"
                        + program.replace("again: nop", "again: ldr w6, [x7]")
                                .replace(HostedGuest.OFF, "str w0, [x7]\n");
        try (HostedGuest guest = HostedGuest.threaded(2, 1, exiting)) {
            guest.vcpu(1).powerOn(HostedGuest.RAM, 0);
            boolean done = false;
            while (!done) {
                for (Vcpu vcpu : guest.vm.vcpus()) {
                    Exit exit = vcpu.run();
                    assertThat(exit).isInstanceOf(Exit.Mmio.class);
                    done = ((Exit.Mmio) exit).write();
                    if (!done) {
                        vcpu.completeMmio(0);
                    }
                }
            }
            for (Vcpu vcpu : guest.vm.vcpus()) {
                for (int n = 10; n < 18; n++) {
                    assertThat(vcpu.reg(n)).as("vCPU %s X%s", vcpu.id(), n).isEqualTo(expected[n]);
                }
            }
        }
    }

    /** The count starts so that this many instructions, or exceptions, later it overflows. */
    @ParameterizedTest(name = "event {0}")
    @ValueSource(ints = {0x08, 0x09, 0x11})
    void anOverflowInterruptsAtTheSameInstruction(int event) {
        String program =
                START
                        + """
                        movn w0, #20
                        msr pmevcntr0_el0, x0
                        mov x0, #1
                        msr pmintenset_el1, x0
                        mov x0, #0xff
                        msr icc_pmr_el1, x0
                        mov x0, #1
                        msr icc_igrpen1_el1, x0
                        mov x20, #-1
                        mov x9, #0
                        msr daifclr, #2
                        again: add x8, x8, #1
                        svc #0
                        mrs x2, id_aa64pfr0_el1
                        add x8, x8, #1
                        b again
                        """
                        + END
                        + """
                        .balign 2048
                        table: .space 0x200
                        eret
                        .space 0x80 - 4
                        mrs x5, icc_iar1_el1
                        mrs x6, elr_el1
                        eor x21, x21, x6
                        ror x21, x21, #7
                        mrs x7, pmevcntr0_el0
                        eor x21, x21, x7
                        ror x21, x21, #7
                        eor x21, x21, x5
                        ror x21, x21, #7
                        mrs x22, isr_el1
                        mrs x7, pmovsclr_el0
                        msr pmovsclr_el0, x7
                        mrs x23, isr_el1
                        movn w4, #33
                        msr pmevcntr0_el0, x4
                        msr icc_eoir1_el1, x5
                        add x9, x9, #1
                        cmp x9, #5
                        b.eq finish
                        eret
                        .balign 8
                        """
                        + types(event, 0, 0, 0, 0, 0);
        long[] expected = bare(program, true);
        assertThat(expected[9]).isEqualTo(5);
        assertThat(expected[5]).isEqualTo(VirtualPmu.INTID);
        assertThat(hosted(program, 10_000, true)).isEqualTo(expected);
        assertThat(hosted(program, 1, true)).isEqualTo(expected);
    }

    // The filter

    private static void refused(int errno, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        KvmException.class, e -> assertThat(e.errno()).isEqualTo(errno));
    }

    @Test
    void deniedEventsStandStillAndAreNotAnnounced() {
        long[] all = bare(WORK + COUNTED, false);
        try (HostedGuest guest = HostedGuest.deterministic(1, WORK + COUNTED)) {
            guest.vm.pmuFilter().add(0x09, 1, false);
            guest.vm.pmuFilter().add(0x11, 1, false);
            guest.vm.pmuFilter().add(0x00, 1, false);
            guest.runAll(10_000);
            Vcpu vcpu = guest.vcpu(0);
            assertThat(vcpu.reg(10)).isEqualTo(all[10]);
            assertThat(vcpu.reg(11)).isZero();
            assertThat(vcpu.reg(12)).isEqualTo(all[12]);
            assertThat(vcpu.reg(13)).isZero();
            assertThat(vcpu.reg(15)).as("software increments").isEqualTo(all[15]);
            assertThat(vcpu.reg(16)).as("cycles").isZero();
            long pmceid = OneReg.get(vcpu, RegisterId.of(SysReg.PMCEID0_EL0));
            assertThat(pmceid).isEqualTo(0x501);
        }
    }

    @Test
    void theFirstRangeDecidesForAllOtherEvents() {
        IdRegisters ids = new IdRegisters(CpuModel.defaultModel().withoutEl2());
        PmuEventFilter filter = new PmuEventFilter(ids);
        assertThat(filter.allows(0x1234)).isTrue();
        filter.add(0x08, 3, true);
        assertThat(filter.allows(0x08)).isTrue();
        assertThat(filter.allows(0x0a)).isTrue();
        assertThat(filter.allows(0x0b)).isFalse();
        assertThat(filter.allows(0x00)).as("SW_INCR").isTrue();
        filter.add(0x0a, 1, false);
        assertThat(filter.allows(0x0a)).isFalse();

        PmuEventFilter other = new PmuEventFilter(ids);
        other.add(0x11, 1, false);
        assertThat(other.allows(0x11)).isFalse();
        assertThat(other.allows(0x12)).isTrue();
    }

    @Test
    void impossibleFiltersAreRefused() {
        IdRegisters ids = new IdRegisters(CpuModel.defaultModel().withoutEl2());
        PmuEventFilter filter = new PmuEventFilter(ids);
        refused(Errno.EINVAL, () -> filter.add(0xffff, 2, true));
        refused(Errno.EINVAL, () -> filter.add(-1, 1, true));
        filter.add(0xffff, 1, true);
        ids.set(SysReg.ID_AA64DFR0_EL1, ids.get(SysReg.ID_AA64DFR0_EL1) & ~0xf00L | 0x100);
        refused(Errno.EINVAL, () -> filter.add(0x400, 1, true));
        ids.fix();
        refused(Errno.EBUSY, () -> filter.add(1, 1, true));
        IdRegisters none = new IdRegisters(CpuModel.parse("default,-pmuv3").withoutEl2());
        refused(Errno.ENODEV, () -> new PmuEventFilter(none).add(1, 1, true));
    }

    @Test
    void eventNumbersHaveAsManyBitsAsThePmuVersion() {
        String program = "mov w1, #-1\n msr pmevtyper0_el0, x1\n mrs x2, pmevtyper0_el0\n b .\n";
        for (int version : new int[] {1, 4}) {
            try (HostedGuest guest = HostedGuest.deterministic(1, program)) {
                IdRegisters ids = guest.vm.idRegisters();
                ids.set(
                        SysReg.ID_AA64DFR0_EL1,
                        ids.get(SysReg.ID_AA64DFR0_EL1) & ~0xf00L | version << 8);
                guest.vcpu(0).run(3);
                assertThat(guest.vcpu(0).reg(2))
                        .isEqualTo(version == 1 ? 0xfc00_03ffL : 0xfc00_ffffL);
            }
        }
    }

    @Test
    void withoutAPmuItsRegistersAreUndefined() {
        try (HostedGuest guest =
                HostedGuest.deterministic(
                        1, "mrs x1, pmcr_el0\n b .\n .balign 0x200\n mrs x2, esr_el1\n b .\n")) {
            IdRegisters ids = guest.vm.idRegisters();
            ids.set(SysReg.ID_AA64DFR0_EL1, ids.get(SysReg.ID_AA64DFR0_EL1) & ~0xf00L);
            guest.vcpu(0).writeSys(SysReg.VBAR_EL1, HostedGuest.RAM);
            guest.vcpu(0).run(10);
            assertThat(guest.vcpu(0).reg(2)).isEqualTo(0x200_0000L);
        }
    }
}
