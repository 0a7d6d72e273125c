package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.HostedGuest;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * TLBI at the guest's EL2, every form: a stale translation is used until the form that names it,
 * and not after; what it does not name stays.
 */
class Item46TlbiTest {

    private static final long VA = 0x5555_1234_5000L;
    private static final long IPA = 0x12_3456_7000L;
    private static final int ASID = 0x1234;
    private static final int VMID = 0x4321;

    /** TTL of a TLBI by address: any, and a page of 4 KiB. */
    private static final long TTL = 15L << 44;

    private static final long TTL_PAGE = 7L << 44;
    private static final long OLD = MonitorGuest.RAM + 0x80_0000;
    private static final long NEW = MonitorGuest.RAM + 0x90_0000;

    static Stream<SystemOperation> forms() {
        return Arrays.stream(SystemOperation.values())
                .filter(o -> o.kind() == SystemOperation.Kind.TLBI);
    }

    /** The forms of the guest hypervisor's own regime where it is a host. */
    static Stream<SystemOperation> formsOfEl1() {
        return forms().filter(o -> o.minimumEl() == 1);
    }

    /** The forms of stage 1 of EL2. */
    static Stream<SystemOperation> formsOfEl2() {
        return forms().filter(o -> o.name().matches("TLBI_(ALL|R?VAL?|R?VA)E2.*"));
    }

    private static boolean isLocal(SystemOperation form) {
        return !form.name().endsWith("IS") && !form.name().endsWith("OS");
    }

    private static boolean namesAddress(SystemOperation form) {
        return form.name().matches("TLBI_R?VA.*");
    }

    private static boolean namesAsid(SystemOperation form) {
        return form.name().matches("TLBI_(ASID|R?VAL?E).*");
    }

    private static long operand(SystemOperation form, int asid, long va) {
        long tag = (long) asid << 48;
        if (form.name().startsWith("TLBI_R")) {
            return tag | 1L << 46 | (va >>> 12) - 1 & 0x1f_ffff_ffffL;
        }
        return tag | va >>> 12 & 0xfff_ffff_ffffL;
    }

    private static MonitorGuest guest(Feature nesting, boolean e2h, int vcpus) {
        MonitorGuest g = new MonitorGuest(nesting, HostedGuest.hypervisorCpu(e2h), vcpus);
        g.put(OLD, 1);
        g.put(NEW, 2);
        return g;
    }

    private static void asid(MonitorGuest g, int vcpu) {
        long ttbr = g.own.base() | (g.e2h ? (long) ASID << 48 : 0);
        g.guest.vcpu(vcpu).writeSys(SysReg.TTBR0_EL2, ttbr);
    }

    @ParameterizedTest
    @MethodSource("formsOfEl1")
    void formOfEl1IsTheHostsOwnRegime(SystemOperation form) {
        try (MonitorGuest g = guest(Feature.NV2, true, 2)) {
            for (int i = 0; i < 2; i++) {
                asid(g, i);
                g.guest.vcpu(i).writeSys(SysReg.HCR_EL2, HcrEl2.RW | HcrEl2.E2H | HcrEl2.TGE);
            }
            ownRegime(g, form);
        }
    }

    static Stream<List<Object>> formsOfEl2InAllModes() {
        return formsOfEl2().flatMap(Item46TlbiTest::inAllModes);
    }

    /** Over NV and NV2, without and with E2H. */
    private static Stream<List<Object>> inAllModes(SystemOperation form) {
        return Stream.of(
                List.of(form, Feature.NV, false),
                List.of(form, Feature.NV, true),
                List.of(form, Feature.NV2, false),
                List.of(form, Feature.NV2, true));
    }

    @ParameterizedTest
    @MethodSource("formsOfEl2InAllModes")
    void formOfEl2IsTheOwnRegime(List<Object> mode) {
        try (MonitorGuest g = guest((Feature) mode.get(1), (boolean) mode.get(2), 2)) {
            asid(g, 0);
            asid(g, 1);
            ownRegime(g, (SystemOperation) mode.get(0));
        }
    }

    private static void ownRegime(MonitorGuest g, SystemOperation form) {
        g.own.map(VA, 3, OLD, MonitorGuest.NORMAL | MonitorGuest.NG);
        assertThat(g.load(0, VA)).isEqualTo(1);
        assertThat(g.load(1, VA)).isEqualTo(1);
        g.own.map(VA, 3, NEW, MonitorGuest.NORMAL | MonitorGuest.NG);
        if (namesAddress(form)) {
            g.tlbi(0, form, operand(form, ASID, VA + 2 * 4096));
            g.tlbi(0, form, operand(form, ASID, VA - 4096));
        }
        if (namesAsid(form) && g.e2h) {
            g.tlbi(0, form, operand(form, ASID ^ 0x100, VA));
        }
        assertThat(g.load(0, VA)).as("stale").isEqualTo(1);
        g.tlbi(0, form, operand(form, ASID, VA));
        assertThat(g.load(0, VA)).as("fresh after " + form).isEqualTo(2);
        assertThat(g.load(1, VA)).as("on another CPU").isEqualTo(isLocal(form) ? 1 : 2);
    }

    // The guest hypervisor's guests

    static Stream<List<Object>> formsOfGuests() {
        return forms().filter(f -> !f.name().matches("TLBI_(ALL|R?VAL?|R?VA)E2.*"))
                .flatMap(Item46TlbiTest::inAllModes);
    }

    private static boolean isByIpa(SystemOperation form) {
        return form.name().contains("IPAS2");
    }

    @ParameterizedTest
    @MethodSource("formsOfGuests")
    void guestsTranslationIsStaleUntilItsTlbi(List<Object> mode) {
        SystemOperation form = (SystemOperation) mode.get(0);
        try (MonitorGuest g = guest((Feature) mode.get(1), (boolean) mode.get(2), 2)) {
            MonitorGuest.Below below = g.new Below();
            below.use(0, VMID, ASID);
            below.use(1, VMID, ASID);
            long attributes = MonitorGuest.NORMAL | MonitorGuest.NG;
            long ipa = isByIpa(form) ? IPA : OLD;
            below.s1.map(VA, 3, ipa, attributes);
            below.s2.map(IPA, 3, OLD, MonitorGuest.S2_NORMAL);
            // So that nothing larger has to be guessed from a hole.
            below.s2.map(IPA - 4096, 3, OLD, MonitorGuest.S2_NORMAL);
            below.s1.map(VA + 4096, 3, IPA - 4096, attributes);
            for (int i = 0; i < 2; i++) {
                assertThat(g.loadBelow(i, VA + 4096)).isEqualTo(1);
                assertThat(g.loadBelow(i, VA)).isEqualTo(1);
            }
            if (isByIpa(form)) {
                below.s2.map(IPA, 3, NEW, MonitorGuest.S2_NORMAL);
            } else {
                below.s1.map(VA, 3, NEW, attributes);
            }
            missAround(g, below, form);
            assertThat(g.loadBelow(0, VA)).as("stale").isEqualTo(1);
            g.tlbi(0, form, operand(form, ASID, isByIpa(form) ? IPA : VA));
            assertThat(g.loadBelow(0, VA)).as("fresh after " + form).isEqualTo(2);
            assertThat(g.loadBelow(1, VA)).as("on another CPU").isEqualTo(isLocal(form) ? 1 : 2);
        }
    }

    /** The same form for another address, ASID and VMID, and others that reach nothing of it. */
    private static void missAround(MonitorGuest g, MonitorGuest.Below below, SystemOperation form) {
        long address = isByIpa(form) ? IPA : VA;
        if (namesAddress(form) || isByIpa(form)) {
            g.tlbi(0, form, operand(form, ASID, address - 4096));
            g.tlbi(0, form, operand(form, ASID, address + 2 * 4096) & ~TTL | TTL_PAGE);
        }
        if (namesAsid(form)) {
            g.tlbi(0, form, operand(form, ASID ^ 0x100, address));
        }
        if (!form.name().contains("ALLE1") || form.name().contains("VMALL")) {
            g.guest.vcpu(0).writeSys(SysReg.VTTBR_EL2, below.vttbr(VMID ^ 0x100));
            g.tlbi(0, form, operand(form, ASID, address));
            g.guest.vcpu(0).writeSys(SysReg.VTTBR_EL2, below.vttbr(VMID));
        }
        g.tlbi(0, SystemOperation.TLBI_ALLE2IS, 0);
        if (isByIpa(form)) {
            g.tlbi(0, SystemOperation.TLBI_VMALLE1IS, 0);
        } else {
            g.tlbi(0, SystemOperation.TLBI_IPAS2E1IS, IPA >>> 12);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = SystemOperation.class,
            names = "TLBI_(VMALLS12E1|ALLE1).*",
            mode = EnumSource.Mode.MATCH_ANY)
    void bothStagesGo(SystemOperation form) {
        try (MonitorGuest g = guest(Feature.NV2, true, 2)) {
            MonitorGuest.Below below = g.new Below();
            below.s1.map(VA, 3, IPA, MonitorGuest.NORMAL);
            below.s2.map(IPA, 3, OLD, MonitorGuest.S2_NORMAL);
            for (int i = 0; i < 2; i++) {
                below.use(i, VMID, ASID);
                assertThat(g.loadBelow(i, VA)).isEqualTo(1);
            }
            below.s2.map(IPA, 3, NEW, MonitorGuest.S2_NORMAL);
            assertThat(g.loadBelow(0, VA)).as("stale").isEqualTo(1);
            g.tlbi(0, form, 0);
            assertThat(g.loadBelow(0, VA)).isEqualTo(2);
            assertThat(g.loadBelow(1, VA)).as("on another CPU").isEqualTo(isLocal(form) ? 1 : 2);
        }
    }

    @ParameterizedTest
    @MethodSource("formsOfEl1")
    void formOfEl1MeansTheGuestOnlyWhereTheHypervisorIsNoHost(SystemOperation form) {
        try (MonitorGuest g = guest(Feature.NV2, true, 1)) {
            MonitorGuest.Below below = g.new Below();
            below.use(0, VMID, ASID);
            below.s1.map(VA, 3, OLD, MonitorGuest.NORMAL | MonitorGuest.NG);
            assertThat(g.loadBelow(0, VA)).isEqualTo(1);
            below.s1.map(VA, 3, NEW, MonitorGuest.NORMAL | MonitorGuest.NG);
            long hcr = g.guest.vcpu(0).readSys(SysReg.HCR_EL2);
            g.guest.vcpu(0).writeSys(SysReg.HCR_EL2, hcr | HcrEl2.TGE);
            g.tlbi(0, form, operand(form, ASID, VA));
            g.guest.vcpu(0).writeSys(SysReg.HCR_EL2, hcr);
            assertThat(g.loadBelow(0, VA)).as("stale").isEqualTo(1);
            g.tlbi(0, form, operand(form, ASID, VA));
            assertThat(g.loadBelow(0, VA)).isEqualTo(2);
        }
    }
}
