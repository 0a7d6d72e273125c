package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.List;
import java.util.SplittableRandom;

/** What the guest's EL2 writes to its registers it reads back, and user space sees it too. */
class Item18RegisterAccessTest {

    private static final List<String> STORED =
            List.of(
                    "VTTBR_EL2",
                    "VTCR_EL2",
                    "HSTR_EL2",
                    "TPIDR_EL2",
                    "VPIDR_EL2",
                    "VMPIDR_EL2",
                    "AFSR0_EL2",
                    "AFSR1_EL2",
                    "ESR_EL2",
                    "FAR_EL2",
                    "HPFAR_EL2",
                    "MAIR_EL2",
                    "AMAIR_EL2",
                    "VBAR_EL2",
                    "SPSR_EL2",
                    "ELR_EL2",
                    "SP_EL1",
                    "CNTVOFF_EL2",
                    "TTBR0_EL2",
                    "ICH_VMCR_EL2",
                    "ICH_LR5_EL2",
                    "ACTLR_EL2");

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void readsBackExactly(Feature nesting, boolean e2h) {
        SplittableRandom random = new SplittableRandom(18);
        StringBuilder text = new StringBuilder("movz x20, #0x900, lsl #16\n");
        long[] values = new long[STORED.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextLong();
            for (int h = 0; h < 4; h++) {
                text.append(
                        "%s x1, #%d, lsl #%d\n"
                                .formatted(
                                        h == 0 ? "movz" : "movk",
                                        values[i] >>> 16 * h & 0xffff,
                                        16 * h));
            }
            text.append("msr %s, x1\n".formatted(STORED.get(i)));
        }
        for (String name : STORED) {
            text.append(
                    "mrs x2, %s\nstr w2, [x20]\nlsr x2, x2, #32\nstr w2, [x20]\n".formatted(name));
        }
        try (HostedGuest guest =
                HostedGuest.nested(
                        nesting,
                        HostedGuest.hypervisorCpu(e2h),
                        1,
                        text + HostedGuest.OFF_BY_SMC)) {
            assertThat(guest.runAll(1000)).isInstanceOf(Exit.SystemEvent.class);
            for (int i = 0; i < values.length; i++) {
                long read = guest.written.get(2 * i) | guest.written.get(2 * i + 1) << 32;
                assertThat(read).as(STORED.get(i)).isEqualTo(values[i]);
                assertThat(guest.vcpu(0).readSys(SysReg.valueOf(STORED.get(i))))
                        .as(STORED.get(i))
                        .isEqualTo(values[i]);
            }
        }
    }
}
