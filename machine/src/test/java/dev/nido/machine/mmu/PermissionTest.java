package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Permissions as the tables of Arm ARM D8.4 list them, literally. */
class PermissionTest {

    private static final long VA = 0x7000_0000_0000L;
    private static final long PA = MmuRig.RAM + 0x500_0000L;

    private static String rights(MmuRig rig) {
        StringBuilder s = new StringBuilder();
        rig.tlbiEverything();
        s.append(MmuRig.abortOf(() -> rig.mmu.load(VA, 3, 0)) == null ? 'r' : '-');
        rig.tlbiEverything();
        s.append(MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 0, 0)) == null ? 'w' : '-');
        rig.tlbiEverything();
        s.append(MmuRig.abortOf(() -> rig.mmu.fetch(VA)) == null ? 'x' : '-');
        return s.toString();
    }

    /** AP[2:1], UXN, PXN, then EL1, EL0, EL1 with WXN, EL0 with WXN, EL1 with PAN. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, rwx, --x, rw-, --x, rwx",
        "0, 0, 1, rw-, --x, rw-, --x, rw-",
        "0, 1, 0, rwx, ---, rw-, ---, rwx",
        "0, 1, 1, rw-, ---, rw-, ---, rw-",
        "1, 0, 0, rw-, rwx, rw-, rw-, ---",
        "1, 0, 1, rw-, rwx, rw-, rw-, ---",
        "1, 1, 0, rw-, rw-, rw-, rw-, ---",
        "1, 1, 1, rw-, rw-, rw-, rw-, ---",
        "2, 0, 0, r-x, --x, r-x, --x, r-x",
        "2, 0, 1, r--, --x, r--, --x, r--",
        "2, 1, 0, r-x, ---, r-x, ---, r-x",
        "2, 1, 1, r--, ---, r--, ---, r--",
        "3, 0, 0, r-x, r-x, r-x, r-x, --x",
        "3, 0, 1, r--, r-x, r--, r-x, ---",
        "3, 1, 0, r-x, r--, r-x, r--, --x",
        "3, 1, 1, r--, r--, r--, r--, ---",
    })
    void twoPrivilegeLevels(
            long ap,
            int uxn,
            int pxn,
            String el1,
            String el0,
            String el1Wxn,
            String el0Wxn,
            String el1Pan) {
        for (boolean host : new boolean[] {false, true}) {
            try (MmuRig rig = new MmuRig()) {
                MmuRig.Tables t = rig.stage1(12, 48);
                t.map(
                        VA,
                        3,
                        PA,
                        MmuRig.AF
                                | ap << 6
                                | (uxn != 0 ? MmuRig.UXN : 0)
                                | (pxn != 0 ? MmuRig.PXN : 0));
                SysReg sctlr = SysReg.SCTLR_EL1;
                int privileged = 1;
                if (host) {
                    rig.set(SysReg.TCR_EL2, rig.get(SysReg.TCR_EL1));
                    rig.set(SysReg.TTBR0_EL2, rig.get(SysReg.TTBR0_EL1));
                    rig.set(SysReg.SCTLR_EL2, rig.get(SysReg.SCTLR_EL1));
                    rig.set(SysReg.SCTLR_EL1, 0);
                    rig.set(SysReg.HCR_EL2, 1L << 31 | 1L << 27 | 1L << 34);
                    sctlr = SysReg.SCTLR_EL2;
                    privileged = 2;
                }
                rig.el(privileged);
                assertThat(rights(rig)).isEqualTo(el1);
                rig.pan(true);
                assertThat(rights(rig)).isEqualTo(el1Pan);
                rig.el(0);
                assertThat(rights(rig)).isEqualTo(el0);
                rig.pan(false);
                rig.set(sctlr, rig.get(sctlr) | 1 << 19);
                rig.el(0);
                assertThat(rights(rig)).isEqualTo(el0Wxn);
                rig.el(privileged);
                assertThat(rights(rig)).isEqualTo(el1Wxn);
            }
        }
    }

    /** AP[2:1], XN, then EL2, EL2 with WXN. AP[1] and PAN mean nothing there. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, rwx, rw-",
        "1, 0, rwx, rw-",
        "0, 1, rw-, rw-",
        "1, 1, rw-, rw-",
        "2, 0, r-x, r-x",
        "3, 0, r-x, r-x",
        "3, 1, r--, r--",
    })
    void onePrivilegeLevel(long ap, int xn, String el2, String el2Wxn) {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = rig.stage1(12, 48);
            t.map(VA, 3, PA, MmuRig.AF | ap << 6 | (xn != 0 ? MmuRig.UXN : 0) | MmuRig.PXN);
            rig.set(SysReg.TCR_EL2, MmuRig.tcrEl2(12, 16));
            rig.set(SysReg.TTBR0_EL2, t.base());
            rig.set(SysReg.SCTLR_EL2, 5);
            rig.pe.pan = true;
            rig.el(2);
            assertThat(rights(rig)).isEqualTo(el2);
            rig.set(SysReg.SCTLR_EL2, 5 | 1 << 19);
            rig.el(2);
            assertThat(rights(rig)).isEqualTo(el2Wxn);
        }
    }

    /** PXNTable, UXNTable, APTable[1:0] on a page that allows all but user writes and execution. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, r-x, r-x",
        "1, 0, 0, r--, r-x",
        "0, 1, 0, r-x, r--",
        "0, 0, 1, r-x, --x",
        "0, 0, 2, r-x, r-x",
        "1, 1, 3, r--, ---",
    })
    void tableAttributesRestrict(long pxn, long uxn, long ap, String el1, String el0) {
        for (int level = 0; level < 3; level++) {
            try (MmuRig rig = new MmuRig()) {
                MmuRig.Tables t = rig.stage1(12, 48);
                t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RO_ALL);
                long slot = t.slot(VA, level);
                rig.put(slot, rig.at(slot) | pxn << 59 | uxn << 60 | ap << 61);
                rig.el(1);
                assertThat(rights(rig)).isEqualTo(el1);
                rig.el(0);
                assertThat(rights(rig)).isEqualTo(el0);
                rig.set(SysReg.TCR_EL1, rig.get(SysReg.TCR_EL1) | 1L << 41); // HPD0
                rig.el(0);
                assertThat(rights(rig)).isEqualTo("r-x");
            }
        }
    }

    /** S2AP, XN[1:0], then EL1, EL0. */
    @ParameterizedTest
    @CsvSource({
        "3, 0, rwx, rwx",
        "3, 1, rw-, rwx",
        "3, 2, rw-, rw-",
        "3, 3, rwx, rw-",
        "1, 0, r-x, r-x",
        "2, 0, -wx, -wx",
        "0, 0, --x, --x",
        "0, 2, ---, ---",
    })
    void stage2(long s2ap, long xn, String el1, String el0) {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables s2 = rig.new Tables(12, 48, 0, 0);
            s2.map(VA, 3, PA, 15 << 2 | s2ap << 6 | MmuRig.AF | xn << 53);
            rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0));
            rig.set(SysReg.VTTBR_EL2, s2.base());
            rig.set(SysReg.HCR_EL2, 1L << 31 | 1);
            rig.el(1);
            assertThat(rights(rig)).isEqualTo(el1);
            rig.el(0);
            assertThat(rights(rig)).isEqualTo(el0);
        }
        try (MmuRig rig = new MmuRig("default,pa=48,-xnx", 1, true)) {
            MmuRig.Tables s2 = rig.new Tables(12, 48, 0, 0);
            s2.map(VA, 3, PA, 15 << 2 | s2ap << 6 | MmuRig.AF | xn << 53);
            rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0));
            rig.set(SysReg.VTTBR_EL2, s2.base());
            rig.set(SysReg.HCR_EL2, 1L << 31 | 1);
            rig.el(1);
            assertThat(rights(rig).charAt(2)).isEqualTo(xn >= 2 ? '-' : 'x');
        }
    }
}
