package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Esr;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.arch.SystemOperation.Kind;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** SYS instructions of the guest's EL2: executed, UNDEFINED, or its own to handle for a guest. */
class Item44SystemInstructionsTest {

    private static final long UNDEFINED = MonitorGuest.EXCEPTION | 1L << 25;
    private static final long PAGE = MonitorGuest.RAM + 0x80_0000;

    private static MonitorGuest guest(Feature nesting, boolean e2h) {
        return new MonitorGuest(nesting, HostedGuest.hypervisorCpu(e2h), 1);
    }

    @ParameterizedTest
    @CsvSource({"NV, false", "NV, true", "NV2, false", "NV2, true"})
    void allThatTheCpuHasIsExecutedAtEl2(Feature nesting, boolean e2h) {
        try (MonitorGuest g = guest(nesting, e2h)) {
            g.new Below().use(0, 5, 5);
            for (SystemOperation o : SystemOperation.values()) {
                long answer = g.execute(0, o, PAGE);
                if (o.feature() != null && !g.guest.vm.cpu().has(o.feature())) {
                    assertThat(answer).as("%s", o).isEqualTo(UNDEFINED);
                } else if (o.kind() == Kind.AT) {
                    assertThat(answer & 0x800).as("%s: PAR 0x%x", o, answer).isEqualTo(0x800);
                } else {
                    assertThat(answer).as("%s: 0x%x", o, answer).isZero();
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"NV, false", "NV, true", "NV2, false", "NV2, true"})
    void whatIsNoInstructionIsUndefined(Feature nesting, boolean e2h) {
        try (MonitorGuest g = guest(nesting, e2h)) {
            assertThat(g.executeReserved(0)).isEqualTo(UNDEFINED);
        }
    }

    @Test
    void whatUserSpaceHasHiddenIsUndefined() {
        for (int shown = 0; shown < 3; shown++) {
            try (MonitorGuest g = guest(Feature.NV2, true)) {
                hide(g, SysReg.ID_AA64ISAR0_EL1, 56, shown);
                hide(g, SysReg.ID_AA64MMFR1_EL1, 20, shown);
                for (SystemOperation o : SystemOperation.values()) {
                    if (o.kind() != Kind.AT && o.kind() != Kind.TLBI) {
                        continue;
                    }
                    int needed =
                            o.feature() == Feature.TLBIOS
                                    ? 1
                                    : o.feature() == Feature.TLBIRANGE
                                                    || o.feature() == Feature.PAN2
                                            ? 2
                                            : 0;
                    long answer = g.execute(0, o, PAGE);
                    assertThat(answer == UNDEFINED)
                            .as("%s with %d: 0x%x", o, shown, answer)
                            .isEqualTo(shown < needed);
                }
            }
        }
    }

    private static void hide(MonitorGuest g, SysReg id, int shift, int shown) {
        var ids = g.guest.vm.idRegisters();
        long value = ids.get(id) & ~(15L << shift) | (long) shown << shift;
        ids.set(id, value);
    }

    @ParameterizedTest
    @CsvSource({"NV, false", "NV, true", "NV2, false", "NV2, true"})
    void tlbiOfItsGuestGoesToItWhereItTrapsThem(Feature nesting, boolean e2h) {
        try (MonitorGuest g = guest(nesting, e2h)) {
            forwarded(g, Kind.TLBI, HcrEl2.TTLB);
        }
    }

    @Test
    void atOfItsGuestGoesToItWhereItTrapsThem() {
        try (MonitorGuest g =
                new MonitorGuest(Feature.NV2, CpuModel.parse("default,-e2h0,+nv,+nv2"), 1)) {
            forwarded(g, Kind.AT, HcrEl2.AT);
        }
    }

    private static void forwarded(MonitorGuest g, Kind kind, long trap) {
        g.new Below().use(0, 5, 5);
        long hcr = g.guest.vcpu(0).readSys(SysReg.HCR_EL2);
        for (SystemOperation o : SystemOperation.values()) {
            if (o.kind() != kind || o.minimumEl() != 1) {
                continue;
            }
            g.guest.vcpu(0).writeSys(SysReg.HCR_EL2, hcr | trap);
            long answer = g.executeBelow(0, o, PAGE);
            assertThat(answer & ~MonitorGuest.EXCEPTION)
                    .as("%s: 0x%x", o, answer)
                    .isEqualTo(Esr.of(Esr.EC_SYSTEM, true, Esr.systemAccess(o.key(), 0, false)));
            g.guest.vcpu(0).writeSys(SysReg.HCR_EL2, hcr);
            answer = g.executeBelow(0, o, PAGE);
            assertThat(answer & MonitorGuest.EXCEPTION).as("%s: 0x%x", o, answer).isZero();
        }
    }
}
