package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;
import dev.nido.machine.pe.GuestException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hardware management of access flag and dirty state (FEAT_HAFDBS, Arm ARM D8.5). */
class HardwareUpdateTest {

    private static final long VA = 0x7000_0000_0000L;
    private static final long PA = MmuRig.RAM + 0x500_0000L;
    private static final long HA = 1L << 39;
    private static final long HD = 1L << 40;

    private static MmuRig.Tables start(MmuRig rig, long controls) {
        MmuRig.Tables t = rig.stage1(12, 48);
        rig.set(SysReg.TCR_EL1, rig.get(SysReg.TCR_EL1) | controls);
        rig.mmu.contextChanged();
        return t;
    }

    @Test
    void accessFlagIsSetByTheFirstAccessOnly() {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = start(rig, HA);
            long slot = t.map(VA, 3, PA, 0);
            rig.mmu.load(VA, 3, 0);
            assertThat(rig.at(slot)).isEqualTo(PA | 3 | MmuRig.AF);
            rig.put(slot, PA | 3);
            rig.mmu.load(VA, 3, 0);
            assertThat(rig.at(slot)).as("from the TLB").isEqualTo(PA | 3);
            rig.tlbi(0, 7, 0, 0);
            rig.mmu.fetch(VA);
            assertThat(rig.at(slot)).isEqualTo(PA | 3 | MmuRig.AF);
        }
    }

    @Test
    void accessFlagStaysClearWhereTheAccessFaults() {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = start(rig, HA);
            long slot = t.map(VA, 3, PA, MmuRig.AP_RO);
            assertThat(MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 0, 0)).iss).isEqualTo(0x4f);
            assertThat(rig.at(slot) & MmuRig.AF).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void firstWriteMarksThePageDirty(boolean readFirst) {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = start(rig, HA | HD);
            long slot = t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RO | MmuRig.DBM);
            if (readFirst) {
                rig.mmu.load(VA, 3, 0);
                assertThat(rig.at(slot) & MmuRig.AP_RO).isNotZero();
                int i = (int) (VA >>> 12) & FastTlb.ENTRIES - 1;
                assertThat(rig.mmu.fast.readTag[i]).isEqualTo(VA);
                assertThat(rig.mmu.fast.writeTag[i]).isEqualTo(FastTlb.INVALID);
            }
            rig.mmu.store(VA, 3, 77, 0);
            assertThat(rig.at(slot)).isEqualTo(PA | 3 | MmuRig.AF | MmuRig.DBM);
            assertThat(rig.at(PA)).isEqualTo(77);
            rig.put(slot, rig.at(slot) | MmuRig.AP_RO);
            rig.mmu.store(VA, 3, 78, 0);
            assertThat(rig.at(slot) & MmuRig.AP_RO).as("dirty in the TLB").isNotZero();
        }
    }

    @Test
    void withoutDirtyManagementReadOnlyStaysReadOnly() {
        for (long controls : new long[] {0, HA, HD}) {
            try (MmuRig rig = new MmuRig()) {
                MmuRig.Tables t = start(rig, controls);
                t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RO | MmuRig.DBM);
                assertThat(MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 0, 0)).iss).isEqualTo(0x4f);
            }
        }
        try (MmuRig rig = new MmuRig("default,-hafdbs", 1, true)) {
            MmuRig.Tables t = start(rig, HA | HD);
            t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RO | MmuRig.DBM);
            assertThat(MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 0, 0)).iss).isEqualTo(0x4f);
        }
    }

    @Test
    void aDirtyWriteLooksAtTheTablesAsTheyAreNow() {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = start(rig, HA | HD);
            long slot = t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RO | MmuRig.DBM);
            rig.mmu.load(VA, 3, 0);
            rig.put(slot, 0);
            assertThat(MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 0, 0)).iss).isEqualTo(0x47);
            assertThat(rig.mmu.load(VA, 3, 0)).as("the old entry still serves reads").isZero();
        }
    }

    @Test
    void stage2ManagesItsOwn() {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables s2 = rig.new Tables(12, 48, 0, 0);
            rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0) | 3 << 21);
            rig.set(SysReg.VTTBR_EL2, s2.base());
            rig.set(SysReg.HCR_EL2, 1L << 31 | 1);
            rig.mmu.contextChanged();
            long attributes = 15 << 2 | 1 << 6 | MmuRig.DBM;
            long slot = s2.map(0x9000, 3, PA, attributes);
            rig.mmu.load(0x9000, 3, 0);
            assertThat(rig.at(slot)).isEqualTo(PA | 3 | attributes | MmuRig.AF);
            rig.mmu.store(0x9000, 3, 5, 0);
            assertThat(rig.at(slot)).isEqualTo(PA | 3 | attributes | MmuRig.AF | 1 << 7);
            assertThat(rig.at(PA)).isEqualTo(5);
        }
    }

    @Test
    void updateOfATableThatStage2WriteProtectsFaultsAsAWriteOnTheWalk() {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = start(rig, HA);
            long slot = t.map(VA, 3, PA, 0);
            MmuRig.Tables s2 = rig.new Tables(12, 48, 0, 0);
            s2.map(MmuRig.RAM, 1, MmuRig.RAM, MmuRig.S2_NORMAL & ~(2L << 6));
            rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0));
            rig.set(SysReg.VTTBR_EL2, s2.base());
            rig.set(SysReg.HCR_EL2, 1L << 31 | 1);
            rig.mmu.contextChanged();
            GuestException e = MmuRig.abortOf(() -> rig.mmu.load(VA, 3, 0));
            assertThat(e.iss).isEqualTo(0x80 | 0x40 | 0x0d);
            assertThat(e.ipa).isEqualTo(slot);
            assertThat(rig.at(slot) & MmuRig.AF).isZero();
        }
    }

    @Test
    void atUpdatesNothing() {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = start(rig, HA | HD);
            long slot = t.map(VA, 3, PA, MmuRig.AP_RO | MmuRig.DBM);
            rig.mmu.at(MmuRig.atKey(0, 8, 1), VA);
            assertThat(rig.get(SysReg.PAR_EL1) & 1).isZero();
            assertThat(rig.at(slot)).isEqualTo(PA | 3 | MmuRig.AP_RO | MmuRig.DBM);
        }
    }

    @Test
    void hierarchicalReadOnlyBeatsDirtyManagement() {
        try (MmuRig rig = new MmuRig()) {
            MmuRig.Tables t = start(rig, HA | HD);
            t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RO | MmuRig.DBM);
            long table = t.slot(VA, 2);
            rig.put(table, rig.at(table) | 1L << 62);
            assertThat(MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 0, 0)).iss).isEqualTo(0x4f);
        }
    }
}
