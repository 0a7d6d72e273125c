package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.stream.Stream;

/** TLB maintenance of a hypervisor without instructions: what it names goes, and nothing else. */
class TlbMaintenanceTest {

    private static final long VA = 0x5555_1234_5000L;
    private static final int ASID = 0x1234;
    private static final int VMID = 0x4321;
    private static final long OLD = MmuRig.RAM + 0x100_0000L;
    private static final long NEW = MmuRig.RAM + 0x200_0000L;

    /** Two PEs with the same stage-1 table and VMID, and a stale entry for {@link #VA} in each. */
    private static final class World implements AutoCloseable {
        final MmuRig rig = new MmuRig("default,pa=48", 2, true);
        final MmuRig.Tables s1 = rig.stage1(12, 48);
        final TlbMaintenance maintenance = rig.machine.tlbMaintenance();

        World() {
            rig.put(OLD, 1);
            rig.put(NEW, 2);
            s1.map(VA, 3, OLD, MmuRig.AF | MmuRig.NG);
            long[] from = rig.pe.sys;
            from[SysReg.VTCR_EL2.ordinal()] = MmuRig.vtcr(12, 16, 0);
            for (int n = 0; n < 2; n++) {
                Pe pe = rig.machine.pe(n);
                System.arraycopy(from, 0, pe.sys, 0, from.length);
                pe.sys[SysReg.TTBR0_EL1.ordinal()] = s1.base() | (long) ASID << 48;
                pe.sys[SysReg.VTTBR_EL2.ordinal()] = (long) VMID << 48;
                pe.hcr = HcrEl2.effective(pe.cpu, 0);
                pe.mmu.contextChanged();
                assertThat(load(n)).isEqualTo(1);
            }
            s1.map(VA, 3, NEW, MmuRig.AF | MmuRig.NG);
        }

        long load(int pe) {
            return rig.machine.pe(pe).mmu.load(VA, 3, 0);
        }

        @Override
        public void close() {
            rig.close();
        }
    }

    static Stream<SystemOperation> formsOfEl1() {
        return Arrays.stream(SystemOperation.values())
                .filter(o -> o.kind() == SystemOperation.Kind.TLBI && o.minimumEl() == 1);
    }

    private static long operand(SystemOperation form, int asid, long va) {
        long tag = (long) asid << 48;
        if (form.name().startsWith("TLBI_R")) {
            // 4 KiB granules, two of them, the second of which is the one meant.
            return tag | 1L << 46 | (va >>> 12) - 1 & 0x1f_ffff_ffffL;
        }
        return tag | va >>> 12 & 0xfff_ffff_ffffL;
    }

    @ParameterizedTest
    @MethodSource("formsOfEl1")
    void formOfEl1WorksOnTheVmidThatIsNamed(SystemOperation form) {
        try (World w = new World()) {
            long value = operand(form, ASID, VA);
            w.maintenance.el1(VMID ^ 0x100, form.key(), value, true);
            if (!form.name().contains("VMALL")) {
                w.maintenance.el1(VMID, form.key(), operand(form, ASID ^ 0x100, VA + 8192), true);
                w.maintenance.el1(VMID, form.key(), operand(form, ASID ^ 0x100, VA - 8192), true);
            }
            assertThat(w.load(0)).as("others' entries went").isEqualTo(1);
            w.maintenance.el1(w.rig.machine.pe(1), VMID, form.key(), value, true);
            assertThat(w.load(0)).as("another PE's entries went").isEqualTo(1);
            assertThat(w.load(1)).isEqualTo(2);
            w.maintenance.el1(VMID, form.key(), value, true);
            assertThat(w.load(0)).isEqualTo(2);
        }
    }

    @Test
    void asidHasAsManyBitsAsTheCallerSays() {
        try (World w = new World()) {
            int asidE1 = SystemOperation.TLBI_ASIDE1IS.key();
            w.maintenance.el1(VMID, asidE1, (long) ASID << 48, false);
            assertThat(w.load(0)).as("0x34 is another ASID").isEqualTo(1);
            w.maintenance.el1(VMID, asidE1, (long) ASID << 48, true);
            assertThat(w.load(0)).isEqualTo(2);
        }
    }

    @Test
    void rangeWithoutGranuleHasNoEffect() {
        try (World w = new World()) {
            int key = SystemOperation.TLBI_RVAAE1IS.key();
            w.maintenance.el1(
                    VMID, key, operand(SystemOperation.TLBI_RVAAE1IS, 0, VA) & ~(3L << 46), true);
            assertThat(w.load(0)).isEqualTo(1);
        }
    }

    @Test
    void bothStagesOfOnePeGoWithoutThoseOfOthers() {
        try (World w = new World()) {
            w.maintenance.stage1And2(w.rig.machine.pe(1), VMID);
            assertThat(w.load(0)).isEqualTo(1);
            assertThat(w.load(1)).isEqualTo(2);
        }
    }

    @Test
    void atOfBothStagesIsTheHostsOwnRegimeForAHost() {
        try (World w = new World()) {
            MmuRig rig = w.rig;
            rig.set(SysReg.TCR_EL2, rig.get(SysReg.TCR_EL1));
            rig.set(SysReg.TTBR0_EL2, w.s1.base());
            rig.set(SysReg.SCTLR_EL2, rig.get(SysReg.SCTLR_EL1));
            rig.set(SysReg.SCTLR_EL1, 0);
            rig.set(SysReg.HCR_EL2, HcrEl2.E2H | HcrEl2.TGE | HcrEl2.VM);
            rig.el(2);
            for (SystemOperation at :
                    new SystemOperation[] {
                        SystemOperation.AT_S12E1R,
                        SystemOperation.AT_S1E1R,
                        SystemOperation.AT_S1E2R
                    }) {
                rig.mmu.at(at.key(), VA);
                long par = rig.get(SysReg.PAR_EL1);
                assertThat(par & 1).as("%s: PAR 0x%x", at, par).isZero();
                assertThat(par & 0xffff_ffff_f000L).isEqualTo(NEW);
            }
            rig.mmu.at(SystemOperation.AT_S12E0R.key(), VA);
            assertThat(rig.get(SysReg.PAR_EL1) & 0x7f).as("EL0 may not").isEqualTo(0xf << 1 | 1);
        }
    }
}
