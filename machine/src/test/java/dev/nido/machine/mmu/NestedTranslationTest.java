package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.machine.pe.GuestException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** FEAT_NV in translation: the tables of EL1 under NV1, and NV2's memory accesses (D8.11). */
class NestedTranslationTest {

    private static final long VA = 0x7000_0000_0000L;
    private static final long PA = MmuRig.RAM + 0x500_0000L;
    private static final long NV = HcrEl2.NV;
    private static final long NV1 = HcrEl2.NV | HcrEl2.NV1;
    private static final long NV2 = HcrEl2.NV | HcrEl2.NV2;

    private final MmuRig rig = new MmuRig("default,pa=48,+nv2", 1, true);

    @AfterEach
    void close() {
        rig.close();
    }

    private String rights() {
        StringBuilder s = new StringBuilder();
        s.append(MmuRig.abortOf(() -> rig.mmu.load(VA, 3, 0)) == null ? 'r' : '-');
        s.append(MmuRig.abortOf(() -> rig.mmu.store(VA, 3, 0, 0)) == null ? 'w' : '-');
        s.append(MmuRig.abortOf(() -> rig.mmu.fetch(VA)) == null ? 'x' : '-');
        return s.toString();
    }

    private void hcr(long value) {
        rig.set(SysReg.HCR_EL2, HcrEl2.RW | value);
        rig.mmu.contextChanged();
    }

    /** AP[2:1], bit 54, bit 53, then EL1, EL1 with PAN, EL1 with WXN, EL0. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, rwx, rwx, rw-, --x",
        "0, 0, 1, rwx, rwx, rw-, --x",
        "0, 1, 0, rw-, rw-, rw-, --x",
        "1, 0, 1, rwx, rwx, rw-, --x",
        "1, 1, 0, rw-, rw-, rw-, --x",
        "2, 0, 1, r-x, r-x, r-x, --x",
        "3, 0, 0, r-x, r-x, r-x, --x",
        "3, 1, 1, r--, r--, r--, --x",
    })
    void nv1GivesEl1OnePrivilegeLevel(
            long ap, long xn, long pxn, String el1, String pan, String wxn, String el0) {
        MmuRig.Tables t = rig.stage1(12, 48);
        t.map(VA, 3, PA, MmuRig.AF | ap << 6 | xn << 54 | pxn << 53);
        for (long nv2 : new long[] {0, HcrEl2.NV2}) {
            hcr(NV1 | nv2);
            rig.el(1);
            assertThat(rights()).isEqualTo(el1);
            rig.pan(true);
            assertThat(rights()).isEqualTo(pan);
            rig.pan(false);
            rig.set(SysReg.SCTLR_EL1, rig.get(SysReg.SCTLR_EL1) | 1 << 19);
            rig.el(1);
            assertThat(rights()).isEqualTo(wxn);
            rig.set(SysReg.SCTLR_EL1, rig.get(SysReg.SCTLR_EL1) & ~(1L << 19));
            rig.el(0);
            assertThat(rights()).isEqualTo(el0);
        }
    }

    /** Bits 60, 59 and 62:61 of table descriptors over a page that allows everything. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, rwx",
        "1, 0, 0, rw-",
        "0, 1, 0, rwx",
        "0, 0, 1, rwx",
        "0, 0, 2, r-x",
        "1, 1, 3, r--",
    })
    void nv1ReadsTableAttributesLikewise(long bit60, long bit59, long ap, String el1) {
        MmuRig.Tables t = rig.stage1(12, 48);
        t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RW_ALL);
        long slot = t.slot(VA, 1);
        rig.put(slot, rig.at(slot) | bit60 << 60 | bit59 << 59 | ap << 61);
        hcr(NV1);
        rig.el(1);
        assertThat(rights()).isEqualTo(el1);
        rig.set(SysReg.TCR_EL1, rig.get(SysReg.TCR_EL1) | 1L << 41); // HPD0
        rig.tlbiEverything();
        assertThat(rights()).isEqualTo("rwx");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void entriesOfOtherFormatsAreNotUsed(boolean global) {
        MmuRig.Tables t = rig.stage1(12, 48);
        t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RW_ALL | MmuRig.PXN | (global ? 0 : MmuRig.NG));
        for (int n = 0; n < 2; n++) {
            hcr(n == 0 ? 0 : NV);
            rig.el(1);
            assertThat(rights()).isEqualTo("rw-");
            rig.el(0);
            assertThat(rights()).isEqualTo("rwx");
            hcr(NV1);
            rig.el(1);
            assertThat(rights()).isEqualTo("rwx");
            rig.el(0);
            assertThat(rights()).isEqualTo("--x");
        }
        rig.put(t.slot(VA, 3), 0);
        rig.el(1);
        assertThat(rights()).as("still in the TLB").isEqualTo("rwx");
        rig.tlbi(0, 7, 0, 0);
        assertThat(rights()).isEqualTo("---");
        hcr(0);
        assertThat(rights()).isEqualTo("---");
    }

    @Test
    void nv1MakesUnprivilegedAccessesPrivileged() {
        MmuRig.Tables t = rig.stage1(12, 48);
        t.map(VA, 3, PA, MmuRig.AF);
        rig.el(1);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(VA, 3, Mmu.UNPRIVILEGED)).iss).isEqualTo(0xf);
        hcr(NV);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(VA, 3, Mmu.UNPRIVILEGED)).iss).isEqualTo(0xf);
        hcr(NV1);
        rig.mmu.store(VA, 3, 77, Mmu.UNPRIVILEGED);
        assertThat(rig.mmu.load(VA, 3, Mmu.UNPRIVILEGED)).isEqualTo(77);
    }

    @Test
    void nv1LeavesTheRegimesOfEl2Alone() {
        MmuRig.Tables t = el20();
        t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RW_ALL | MmuRig.PXN);
        hcr(NV1 | HcrEl2.E2H);
        rig.el(2);
        assertThat(rights()).isEqualTo("rw-");
    }

    // Accesses to the VNCR page

    /** Turns on EL2&0 stage 1. */
    private MmuRig.Tables el20() {
        MmuRig.Tables t = rig.new Tables(12, 48, 0, 0);
        rig.set(SysReg.TCR_EL2, MmuRig.tcr(12, 16) | 3L << 39);
        rig.set(SysReg.TTBR0_EL2, t.base() | 1L << 48);
        rig.set(SysReg.TTBR1_EL2, t.base());
        rig.set(SysReg.SCTLR_EL2, 5);
        return t;
    }

    private long read(SysReg r) {
        return rig.pe.readSystemRegister(r.key());
    }

    private void write(SysReg r, long value) {
        rig.pe.writeSystemRegister(r.key(), value);
    }

    private GuestException readAbort() {
        return MmuRig.abortOf(() -> read(SysReg.VBAR_EL1, 5));
    }

    private long read(SysReg r, int op1) {
        return rig.pe.readSystemRegister(r.key() & ~(7 << 11) | op1 << 11);
    }

    private GuestException writeAbort() {
        return MmuRig.abortOf(() -> write(SysReg.HCR_EL2, 1));
    }

    @Test
    void pageIsTranslatedByTheRegimeOfEl2Alone() {
        rig.put(PA + 0x250, 11);
        rig.put(PA + 0x1250, 22);
        rig.put(PA + 0x2250, 33);
        rig.set(SysReg.VNCR_EL2, PA);
        hcr(NV2);
        assertThat(read(SysReg.VBAR_EL1, 5)).as("off").isEqualTo(11);
        MmuRig.Tables t = rig.new Tables(12, 48, 0, 0);
        t.map(VA, 3, PA + 0x1000, MmuRig.AF);
        rig.set(SysReg.VNCR_EL2, VA);
        rig.set(SysReg.TCR_EL2, MmuRig.tcrEl2(12, 16));
        rig.set(SysReg.TTBR0_EL2, t.base());
        rig.set(SysReg.SCTLR_EL2, 5);
        hcr(NV2);
        assertThat(read(SysReg.VBAR_EL1, 5)).as("EL2").isEqualTo(22);
        MmuRig.Tables t20 = el20();
        long high = 0xffff_7000_0000_0000L;
        t20.map(high, 3, PA + 0x2000, MmuRig.AF);
        rig.set(SysReg.VNCR_EL2, high);
        // What EL1's own accesses need has nothing to do with it.
        rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0));
        rig.set(SysReg.VTTBR_EL2, rig.new Tables(12, 48, 0, 0).base());
        hcr(NV2 | HcrEl2.VM | HcrEl2.E2H);
        assertThat(read(SysReg.VBAR_EL1, 5)).as("EL2&0").isEqualTo(33);
        write(SysReg.HCR_EL2, -1L);
        assertThat(rig.at(PA + 0x2078)).isEqualTo(-1L);
        assertThat(MmuRig.abortOf(() -> rig.mmu.load(PA, 3, 0)).targetEl).isEqualTo(2);
    }

    @Test
    void addressIsSignExtendedFromBit56() {
        rig.set(SysReg.VNCR_EL2, 0x01ff_7000_0000_0abcL);
        hcr(NV2);
        assertThat(writeAbort().far).isEqualTo(0xffff_7000_0000_0078L);
        rig.set(SysReg.VNCR_EL2, 0xfe00_7000_0000_0fffL);
        assertThat(writeAbort().far).isEqualTo(0x7000_0000_0078L);
        rig.set(SysReg.VNCR_EL2, 0x0100_0000_4500_0000L);
        assertThat(writeAbort().far).isEqualTo(0xff00_0000_4500_0078L);
        rig.set(SysReg.VNCR_EL2, 0x0080_0000_4500_0000L);
        assertThat(writeAbort().far).isEqualTo(0x0080_0000_4500_0078L);
    }

    @Test
    void panDoesNotApply() {
        MmuRig.Tables t = el20();
        t.map(VA, 3, PA, MmuRig.AF | MmuRig.AP_RW_ALL);
        rig.set(SysReg.VNCR_EL2, VA);
        hcr(NV2 | HcrEl2.E2H);
        rig.pan(true);
        rig.put(PA + 0x250, 5);
        assertThat(read(SysReg.VBAR_EL1, 5)).isEqualTo(5);
        write(SysReg.TPIDR_EL2, 6);
        assertThat(rig.at(PA + 0x90)).isEqualTo(6);
    }

    /** The leaf, its level, then DFSC of a read and of a write, 0 for none. */
    @ParameterizedTest
    @CsvSource({
        "0x0, 3, 0x07, 0x07",
        "0x0, 2, 0x06, 0x06",
        "0x0, 0, 0x04, 0x04",
        "0x45000000, 3, 0x07, 0x07",
        "0x45000003, 3, 0x0b, 0x0b",
        "0x45000403, 3, 0, 0",
        "0x45000443, 3, 0, 0",
        "0x45000483, 3, 0, 0x0f",
        "0x40000481, 2, 0, 0x0e",
        "0x800045000403, 3, 0x03, 0x03",
        "0x5000403, 3, 0x10, 0x10",
    })
    void faultsAreDataAbortsOfEl2(long leaf, int level, int readStatus, int writeStatus) {
        MmuRig.Tables t = el20();
        rig.put(t.slot(VA, level), leaf);
        rig.set(SysReg.VNCR_EL2, VA);
        long hafdbs = 3L << 39;
        rig.set(SysReg.TCR_EL2, rig.get(SysReg.TCR_EL2) & ~hafdbs & ~(7L << 32) | 2L << 32);
        hcr(NV2 | HcrEl2.E2H);
        assertSyndrome(readAbort(), readStatus, VA + 0x250, false);
        assertSyndrome(writeAbort(), writeStatus, VA + 0x78, true);
        if (writeStatus == 0) {
            assertThat(rig.at(PA + 0x78)).isEqualTo(1);
        }
    }

    private void assertSyndrome(GuestException e, int status, long far, boolean write) {
        if (status == 0) {
            assertThat(e).isNull();
            return;
        }
        rig.set(SysReg.HPFAR_EL2, 0x77);
        rig.pe.pc = 0x3333_0000L;
        rig.pe.takeSynchronous(e);
        long esr = 0x25L << 26 | 1 << 25 | 1 << 13 | (write ? 1 << 6 : 0) | status;
        assertThat(rig.get(SysReg.ESR_EL2)).isEqualTo(esr);
        assertThat(rig.get(SysReg.FAR_EL2)).isEqualTo(far);
        assertThat(rig.get(SysReg.HPFAR_EL2)).isEqualTo(0x77);
        assertThat(rig.get(SysReg.ELR_EL2)).isEqualTo(0x3333_0000L);
        assertThat(rig.get(SysReg.SPSR_EL2) & 0x1f).isEqualTo(5);
        assertThat(rig.pe.el).isEqualTo(2);
        rig.el(1);
    }

    @Test
    void faultOnTheWalkIsExternal() {
        MmuRig.Tables t = el20();
        rig.put(t.slot(VA, 1), 0x1000 | 3);
        rig.set(SysReg.VNCR_EL2, VA);
        hcr(NV2 | HcrEl2.E2H);
        assertThat(readAbort().iss).isEqualTo(1 << 13 | 0x16);
        assertThat(readAbort().targetEl).isEqualTo(2);
    }

    @Test
    void descriptorIsUpdatedAsByAnyAccess() {
        MmuRig.Tables t = el20();
        long leaf = t.map(VA, 3, PA, MmuRig.AP_RO | MmuRig.DBM);
        rig.set(SysReg.VNCR_EL2, VA);
        hcr(NV2 | HcrEl2.E2H);
        assertThat(read(SysReg.VBAR_EL1, 5)).isZero();
        assertThat(rig.at(leaf) & (MmuRig.AF | MmuRig.AP_RO)).isEqualTo(MmuRig.AF | MmuRig.AP_RO);
        write(SysReg.HCR_EL2, 1);
        assertThat(rig.at(leaf) & MmuRig.AP_RO).isZero();
    }

    @Test
    void pageThatWasInUseIsGoneAfterItsTlbi() {
        MmuRig.Tables t = el20();
        long leaf = t.map(VA, 3, PA, MmuRig.AF);
        rig.set(SysReg.VNCR_EL2, VA);
        hcr(NV2 | HcrEl2.E2H);
        write(SysReg.HCR_EL2, 1);
        rig.put(leaf, 0);
        write(SysReg.HCR_EL2, 2);
        assertThat(rig.at(PA + 0x78)).as("no TLBI yet").isEqualTo(2);
        int el = rig.pe.el;
        rig.pe.el = 2;
        rig.tlbi(4, 7, 1, VA >>> 12);
        rig.pe.el = el;
        assertThat(writeAbort()).isNotNull();
        assertThat(rig.at(PA + 0x78)).isEqualTo(2);
    }

    /** MDE, KDE, TDE, PSTATE.D, then whether a watchpoint for EL2 sees the access. */
    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 0, true",
        "1, 1, 1, 1, true",
        "0, 1, 1, 0, false",
        "1, 0, 1, 0, false",
        "1, 1, 0, 0, false",
    })
    void watchpointsSeeAnAccessOfEl2(int mde, int kde, int tde, int d, boolean seen) {
        rig.set(SysReg.VNCR_EL2, PA);
        hcr(NV2);
        write(SysReg.HCR_EL2, 1);
        rig.pe.daif = d << 9;
        rig.set(SysReg.OSLSR_EL1, 8);
        rig.set(SysReg.MDCR_EL2, (long) tde << 8);
        rig.set(SysReg.DBGWVR0_EL1, PA + 0x78);
        rig.set(SysReg.DBGWCR0_EL1, 0xff << 5 | 2 << 3 | 1 << 13 | 1);
        rig.set(SysReg.MDSCR_EL1, (long) mde << 15 | (long) kde << 13);
        rig.pe.contextChanged();
        GuestException e = writeAbort();
        assertThat(e != null).isEqualTo(seen);
        if (seen) {
            rig.pe.takeSynchronous(e);
            assertThat(rig.get(SysReg.ESR_EL2)).isEqualTo(0xd600_2062L);
            assertThat(rig.get(SysReg.FAR_EL2)).isEqualTo(PA + 0x78);
            rig.el(1);
            assertThat(MmuRig.abortOf(() -> write(SysReg.TPIDR_EL2, 1))).isNull();
            assertThat(MmuRig.abortOf(() -> read(SysReg.HCR_EL2))).as("it is for stores").isNull();
            rig.set(SysReg.DBGWCR0_EL1, 0xff << 5 | 3 << 3 | 3 << 1 | 1);
            assertThat(writeAbort()).as("a watchpoint of EL1 and EL0").isNull();
        }
    }
}
