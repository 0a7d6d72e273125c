package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * List registers of the guest's that stand for its timers do so in the PE from the first entry on.
 */
class Item50TimerBeforeGicTest {

    private static final long HW = 1L << 61;

    /** LR 0 to 3: the four timers' interrupts, pending, with HW; then the guest of the guest. */
    private static String program(boolean e2h) {
        TimerProgram p = new TimerProgram(e2h);
        int lr = 0;
        for (int ppi : new int[] {27, 30, 28, 26}) {
            p.constant("x0", 1L << 62 | HW | 1L << 60 | (long) ppi << 32 | ppi);
            p.add("msr ich_lr%d_el2, x0".formatted(lr++));
        }
        p.add("mov x0, #1\nmsr ich_hcr_el2, x0");
        p.add("movz x0, #0xff00, lsl #16\nmovk x0, #2\nmsr ich_vmcr_el2, x0");
        p.add("adr x26, done");
        p.add("mov x21, #1");
        p.add(TimerProgram.below("inner"));
        p.add("inner: cbnz x21, inner");
        for (int i = 0; i < 4; i++) {
            p.add("mrs x0, icc_iar1_el1\nstr x0, [x28], #8\nmsr icc_eoir1_el1, x0");
        }
        p.add("hvc #0\ndone: nop");
        return p.text();
    }

    @ParameterizedTest(name = "{0}, E2H {1}")
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void hardwareBitIsThereAtTheFirstEntry(Feature nesting, boolean e2h) {
        CpuModel cpu = HostedGuest.hypervisorCpu(e2h);
        int timers = 1 << 27 | 1 << 30 | 1 << 28 | 1 << 26;
        try (HostedGuest guest = HostedGuest.nested(nesting, cpu, 1, program(e2h))) {
            BothSides.enable(guest);
            // As a hypervisor does that hands an interrupt on: it is active for itself.
            guest.vm.vgic().redistributors().write(0x1_0300, 4, timers);
            while (guest.vcpu(0).pstate() != 0x3c5) {
                guest.vcpu(0).run(1);
                assertThat(guest.machine.pe(0).retired).isLessThan(1000);
            }
            for (SysReg r :
                    new SysReg[] {
                        SysReg.ICH_LR0_EL2,
                        SysReg.ICH_LR1_EL2,
                        SysReg.ICH_LR2_EL2,
                        SysReg.ICH_LR3_EL2
                    }) {
                long lr = guest.machine.pe(0).readRegister(r);
                assertThat(lr & HW).as("%s 0x%x", r, lr).isNotZero();
                assertThat(lr >>> 32 & 0x1fff).as("%s 0x%x", r, lr).isEqualTo(lr & 0xffff);
            }
            guest.vcpu(0).setReg(21, 0);
            BothSides.Outcome outcome = BothSides.run(guest, 10_000);
            assertThat(outcome.log().subList(0, 4)).containsExactlyInAnyOrder(27L, 30L, 28L, 26L);
            assertThat(guest.vm.vgic().redistributors().read(0x1_0300, 4) & timers)
                    .as("active")
                    .isZero();
        }
    }
}
