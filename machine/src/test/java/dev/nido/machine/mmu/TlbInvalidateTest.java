package dev.nido.machine.mmu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.SysReg;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Every TLBI form: a stale entry is used until the form that names it, whatever else is touched in
 * between, and not after; what it does not name stays.
 */
class TlbInvalidateTest {

    private static final long VA = 0x5555_1234_5000L;
    private static final long KERNEL_VA = 0xffff_8000_1234_5000L;
    private static final long IPA = 0x12_3456_7000L;
    private static final int ASID = 0x1234;
    private static final int VMID = 0x4321;
    private static final long OLD = MmuRig.RAM + 0x100_0000L;
    private static final long NEW = MmuRig.RAM + 0x200_0000L;
    private static final int OTHER_PAGES = 10_000;

    /** What a form can reach. */
    private enum Reach {
        VA_ASID,
        VA_ALL,
        ASID,
        STAGE1,
        IPA,
        BOTH,
        ALL_E1,
        ALL_E2
    }

    /**
     * A form.
     *
     * @param el2 it works on the regimes of EL2
     * @param range it takes a range
     */
    private record Form(
            String name,
            int op1,
            int crm,
            int op2,
            Reach reach,
            boolean el2,
            boolean range,
            boolean shared) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Form> forms() {
        List<Form> f = new ArrayList<>();
        String[] plain = {"VMALLE1", "VAE1", "ASIDE1", "VAAE1", null, "VALE1", null, "VAALE1"};
        Reach[] reach = {
            Reach.STAGE1,
            Reach.VA_ASID,
            Reach.ASID,
            Reach.VA_ALL,
            null,
            Reach.VA_ASID,
            null,
            Reach.VA_ALL
        };
        int[][] domains = {{7, 6}, {3, 2}, {1, 5}};
        String[] suffix = {"", "IS", "OS"};
        for (int d = 0; d < 3; d++) {
            boolean shared = d > 0;
            for (int op2 = 0; op2 < 8; op2++) {
                if (plain[op2] == null) {
                    continue;
                }
                String name = plain[op2] + suffix[d];
                f.add(new Form(name, 0, domains[d][0], op2, reach[op2], false, false, shared));
                if ((op2 & 1) != 0) {
                    f.add(
                            new Form(
                                    "R" + name,
                                    0,
                                    domains[d][1],
                                    op2,
                                    reach[op2],
                                    false,
                                    true,
                                    shared));
                }
            }
            int p = domains[d][0];
            int r = domains[d][1];
            String s = suffix[d];
            f.add(new Form("ALLE2" + s, 4, p, 0, Reach.ALL_E2, true, false, shared));
            f.add(new Form("VAE2" + s, 4, p, 1, Reach.VA_ASID, true, false, shared));
            f.add(new Form("VALE2" + s, 4, p, 5, Reach.VA_ASID, true, false, shared));
            f.add(new Form("RVAE2" + s, 4, r, 1, Reach.VA_ASID, true, true, shared));
            f.add(new Form("RVALE2" + s, 4, r, 5, Reach.VA_ASID, true, true, shared));
            f.add(new Form("ALLE1" + s, 4, p, 4, Reach.ALL_E1, false, false, shared));
            f.add(new Form("VMALLS12E1" + s, 4, p, 6, Reach.BOTH, false, false, shared));
        }
        f.add(new Form("IPAS2E1", 4, 4, 1, Reach.IPA, false, false, false));
        f.add(new Form("IPAS2LE1", 4, 4, 5, Reach.IPA, false, false, false));
        f.add(new Form("RIPAS2E1", 4, 4, 2, Reach.IPA, false, true, false));
        f.add(new Form("RIPAS2LE1", 4, 4, 6, Reach.IPA, false, true, false));
        f.add(new Form("IPAS2E1IS", 4, 0, 1, Reach.IPA, false, false, true));
        f.add(new Form("IPAS2LE1IS", 4, 0, 5, Reach.IPA, false, false, true));
        f.add(new Form("RIPAS2E1IS", 4, 0, 2, Reach.IPA, false, true, true));
        f.add(new Form("RIPAS2LE1IS", 4, 0, 6, Reach.IPA, false, true, true));
        f.add(new Form("IPAS2E1OS", 4, 4, 0, Reach.IPA, false, false, true));
        f.add(new Form("IPAS2LE1OS", 4, 4, 4, Reach.IPA, false, false, true));
        f.add(new Form("RIPAS2E1OS", 4, 4, 3, Reach.IPA, false, true, true));
        f.add(new Form("RIPAS2LE1OS", 4, 4, 7, Reach.IPA, false, true, true));
        return f.stream();
    }

    /** A machine with a stage-1 table, the same in every regime, and an optional stage 2. */
    private static final class World {
        final MmuRig rig;
        final MmuRig.Tables s1;
        final MmuRig.Tables s2;
        final int granule;
        boolean user;

        World(MmuRig rig, int granule, boolean stage2) {
            this.rig = rig;
            this.granule = granule;
            s1 = rig.stage1(granule, 48);
            long sctlr = rig.get(SysReg.SCTLR_EL1);
            for (int i = 0; i < rig.machine.pes(); i++) {
                var sys = rig.machine.pe(i).sys;
                for (SysReg r : new SysReg[] {SysReg.TCR_EL1, SysReg.TTBR0_EL1, SysReg.TTBR1_EL1}) {
                    sys[r.ordinal()] = rig.get(r);
                }
                sys[SysReg.SCTLR_EL1.ordinal()] = sctlr;
                sys[SysReg.SCTLR_EL2.ordinal()] = sctlr;
            }
            s2 = rig.new Tables(12, 48, 0, 0);
            if (stage2) {
                // RAM maps to itself, 1 GiB at a time.
                for (long at = 0; at < 4; at++) {
                    s2.map(MmuRig.RAM + (at << 30), 1, MmuRig.RAM + (at << 30), MmuRig.S2_NORMAL);
                }
                rig.set(SysReg.VTCR_EL2, MmuRig.vtcr(12, 16, 0));
                rig.set(SysReg.HCR_EL2, 1L << 31 | 1);
            }
            vmid(VMID);
            asid(ASID);
        }

        void vmid(int vmid) {
            rig.set(SysReg.VTTBR_EL2, s2.base() | (long) vmid << 48);
            rig.mmu.contextChanged();
        }

        void asid(int asid) {
            rig.set(SysReg.TTBR0_EL1, s1.base() | (long) asid << 48);
            rig.set(SysReg.TTBR0_EL2, s1.base() | (long) asid << 48);
            rig.mmu.contextChanged();
        }

        /** EL2 with E2H, or without. */
        void atEl2(boolean e2h) {
            rig.set(SysReg.TCR_EL2, e2h ? MmuRig.tcr(granule, 16) : MmuRig.tcrEl2(granule, 16));
            rig.set(SysReg.TTBR1_EL2, s1.base());
            rig.set(SysReg.HCR_EL2, 1L << 31 | (e2h ? 1L << 34 : 0));
            rig.el(2);
        }

        long load(long va) {
            return rig.mmu.load(va, 3, 0);
        }

        /** Runs a TLBI at EL2 or EL1, then comes back. */
        void tlbi(Form f, long value, int at) {
            int el = rig.pe.el;
            rig.el(at);
            rig.tlbi(f.op1, f.crm, f.op2, value);
            rig.el(el);
        }

        void touchOtherPages() {
            for (int i = 0; i < OTHER_PAGES; i++) {
                load(0x6000_0000_0000L + ((long) i << granule));
            }
        }

        void mapOtherPages() {
            for (int i = 0; i < OTHER_PAGES; i++) {
                s1.map(
                        0x6000_0000_0000L + ((long) i << granule),
                        3,
                        MmuRig.RAM + 0x300_0000L,
                        MmuRig.AF | MmuRig.NG);
            }
        }
    }

    private static long operand(Form f, long address, int asid, int granule) {
        long tag = (long) asid << 48;
        if (f.reach == Reach.ASID) {
            return tag;
        }
        if (!f.range) {
            return tag | address >>> 12 & 0xfff_ffff_ffffL;
        }
        // Four granules, the last of which is the one meant; TTL says level 3.
        long first = (address >>> granule) - 3;
        long num = 1;
        long tg = granule == 12 ? 1 : granule == 14 ? 2 : 3;
        return tag | tg << 46 | num << 39 | 3L << 37 | first & 0x1f_ffff_ffffL;
    }

    @ParameterizedTest
    @MethodSource("forms")
    void staleEntryIsUsedUntilItsTlbi(Form form) {
        for (int granule : new int[] {12, 14, 16}) {
            boolean stage2 = !form.el2;
            for (int e2h = 0; e2h < (form.el2 ? 2 : 1); e2h++) {
                try (MmuRig rig = new MmuRig()) {
                    World w = new World(rig, granule, stage2);
                    w.mapOtherPages();
                    if (form.el2) {
                        w.atEl2(e2h == 1);
                    }
                    staleUntil(form, w, VA & -1L << granule, MmuRig.NG);
                    if (form.reach != Reach.ASID) {
                        staleUntil(form, w, VA + (1L << 30) & -1L << granule, 0);
                    }
                    if (!form.el2 && form.reach != Reach.ASID) {
                        staleUntil(form, w, KERNEL_VA & -1L << granule, 0);
                    }
                }
            }
        }
    }

    private void staleUntil(Form form, World w, long va, long global) {
        MmuRig rig = w.rig;
        rig.put(OLD, 1);
        rig.put(NEW, 2);
        boolean ipa = form.reach == Reach.IPA;
        long page = 1L << w.granule;
        long attributes = MmuRig.AF | global;
        if (ipa) {
            w.s1.map(va, 3, IPA & -page, attributes);
            for (long at = 0; at < page; at += 4096) {
                w.s2.map((IPA & -page) + at, 3, OLD + at, MmuRig.S2_NORMAL);
            }
        } else {
            w.s1.map(va, 3, OLD, attributes);
        }
        rig.tlbiEverything();
        assertThat(w.load(va)).isEqualTo(1);

        if (ipa) {
            w.s2.map(IPA & -page, 3, NEW, MmuRig.S2_NORMAL);
        } else {
            w.s1.map(va, 3, NEW, attributes);
        }
        w.touchOtherPages();
        assertThat(w.load(va)).as("stale, fast or not").isEqualTo(1);
        w.asid(7);
        w.asid(ASID);
        assertThat(w.load(va)).as("stale after a change of ASID and back").isEqualTo(1);
        if (!form.el2) {
            int vmid = VMID;
            w.vmid(vmid + 1);
            w.vmid(vmid);
        }
        assertThat(w.load(va)).as("stale after a change of VMID and back").isEqualTo(1);

        missAround(form, w, va);
        assertThat(w.load(va)).as("stale after TLBIs that mean others").isEqualTo(1);

        long address = ipa ? IPA & -page : va;
        long value = operand(form, address, ASID, ipa ? 12 : w.granule);
        w.tlbi(form, value, form.op1 == 4 ? 2 : 1);
        assertThat(w.load(va)).as("fresh after " + form).isEqualTo(2);
    }

    /** The same form with another address, ASID, VMID or regime. */
    private void missAround(Form form, World w, long va) {
        MmuRig rig = w.rig;
        int el = form.op1 == 4 ? 2 : 1;
        boolean ipa = form.reach == Reach.IPA;
        long page = 1L << w.granule;
        long address = ipa ? IPA & -page : va;
        int granule = ipa ? 12 : w.granule;
        if (form.reach == Reach.VA_ASID || form.reach == Reach.VA_ALL || ipa) {
            long other = ipa ? 4096 : page;
            w.tlbi(form, operand(form, address + 4 * other, ASID, granule), el);
            w.tlbi(form, operand(form, address - other, ASID, granule), el);
        }
        boolean global = (rig.at(w.s1.slot(va, 3)) & MmuRig.NG) == 0;
        boolean asids = !form.el2 || (rig.get(SysReg.HCR_EL2) >>> 34 & 1) != 0;
        if (form.reach == Reach.ASID || form.reach == Reach.VA_ASID && !global && asids) {
            w.tlbi(form, operand(form, address, ASID ^ 0x100, granule), el);
        }
        if (!form.el2 && form.reach != Reach.ALL_E1) {
            w.vmid(VMID ^ 0x100);
            w.tlbi(form, operand(form, address, ASID, granule), el);
            w.vmid(VMID);
        }
        // The same instruction at EL2 with E2H and TGE means the host's regime, and the reverse.
        long hcr = rig.get(SysReg.HCR_EL2);
        int at = rig.pe.el;
        if (form.op1 == 0) {
            rig.set(SysReg.HCR_EL2, hcr | 1L << 34 | 1L << 27);
            w.tlbi(form, operand(form, address, ASID, granule), 2);
        } else if (form.el2) {
            rig.set(SysReg.HCR_EL2, hcr ^ 1L << 34);
            rig.pe.el = 2;
            rig.mmu.tlbi(
                    MmuRig.tlbiKey(form.op1, form.crm, form.op2),
                    operand(form, address, ASID, granule));
        }
        rig.set(SysReg.HCR_EL2, hcr);
        rig.el(at);
        if (form.el2) {
            // Nothing that EL1 can say reaches EL2.
            rig.el(1);
            rig.tlbi(0, 7, 0, 0);
            rig.el(2);
            rig.tlbi(4, 7, 4, 0);
        }
    }

    @ParameterizedTest
    @MethodSource("forms")
    void onlyShareableFormsReachOtherPes(Form form) {
        try (MmuRig rig = new MmuRig("default,pa=48", 2, true)) {
            World w = new World(rig, 12, !form.el2);
            if (form.el2) {
                w.atEl2(true);
            }
            var other = rig.machine.pe(1);
            for (int i = 0; i < rig.pe.sys.length; i++) {
                other.sys[i] = rig.pe.sys[i];
            }
            other.hcr = rig.pe.hcr;
            other.el = rig.pe.el;
            other.mmu.contextChanged();
            rig.put(OLD, 1);
            rig.put(NEW, 2);
            boolean ipa = form.reach == Reach.IPA;
            w.s1.map(VA, 3, ipa ? IPA : OLD, MmuRig.AF | MmuRig.NG);
            w.s2.map(IPA, 3, OLD, MmuRig.S2_NORMAL);
            assertThat(other.mmu.load(VA, 3, 0)).isEqualTo(1);
            w.s2.map(IPA, 3, NEW, MmuRig.S2_NORMAL);
            if (!ipa) {
                w.s1.map(VA, 3, NEW, MmuRig.AF | MmuRig.NG);
            }
            w.tlbi(form, operand(form, ipa ? IPA : VA, ASID, 12), form.op1 == 4 ? 2 : 1);
            rig.mmu.completeBroadcasts();
            assertThat(other.mmu.load(VA, 3, 0)).isEqualTo(form.shared ? 2 : 1);
        }
    }

    @Test
    void forcedBroadcastMakesLocalFormsOfEl1Shareable() {
        try (MmuRig rig = new MmuRig("default,pa=48", 2, true)) {
            World w = new World(rig, 12, false);
            var other = rig.machine.pe(1);
            other.sys[SysReg.TTBR0_EL1.ordinal()] = rig.get(SysReg.TTBR0_EL1);
            other.sys[SysReg.VTTBR_EL2.ordinal()] = rig.get(SysReg.VTTBR_EL2);
            other.mmu.contextChanged();
            rig.put(OLD, 1);
            rig.put(NEW, 2);
            w.s1.map(VA, 3, OLD, MmuRig.AF | MmuRig.NG);
            assertThat(other.mmu.load(VA, 3, 0)).isEqualTo(1);
            w.s1.map(VA, 3, NEW, MmuRig.AF | MmuRig.NG);
            rig.tlbi(0, 7, 1, (long) ASID << 48 | VA >>> 12);
            assertThat(other.mmu.load(VA, 3, 0)).isEqualTo(1);
            rig.set(SysReg.HCR_EL2, 1L << 31 | 1 << 9);
            rig.tlbi(0, 7, 1, (long) ASID << 48 | VA >>> 12);
            assertThat(other.mmu.load(VA, 3, 0)).isEqualTo(2);
        }
    }

    @Test
    void anyAddressOfABlockDropsIt() {
        try (MmuRig rig = new MmuRig()) {
            World w = new World(rig, 12, false);
            rig.put(OLD + 0x20_0000, 1);
            rig.put(NEW + 0x20_0000, 2);
            long block = 0x5555_1220_0000L;
            w.s1.map(block, 2, OLD + 0x20_0000, MmuRig.AF | MmuRig.NG);
            assertThat(w.load(block)).isEqualTo(1);
            w.s1.map(block, 2, NEW + 0x20_0000, MmuRig.AF | MmuRig.NG);
            rig.tlbi(0, 7, 1, (long) ASID << 48 | block + 0x20_0000 >>> 12);
            assertThat(w.load(block)).isEqualTo(1);
            rig.tlbi(0, 7, 1, (long) ASID << 48 | block + 0x1f_f000 >>> 12);
            assertThat(w.load(block)).isEqualTo(2);
        }
    }

    @Test
    void rangeThatIsLargerThanTheTlbDropsWhatItCovers() {
        try (MmuRig rig = new MmuRig()) {
            World w = new World(rig, 12, false);
            rig.put(OLD, 1);
            rig.put(NEW, 2);
            long[] vas = {0x5000_0000_0000L, 0x5000_0000_0000L + (1L << 32) - 4096};
            long[] outside = {0x5000_0000_0000L - 4096, 0x5000_0000_0000L + (1L << 32)};
            for (long[] set : new long[][] {vas, outside}) {
                for (long va : set) {
                    w.s1.map(va, 3, OLD, MmuRig.AF | MmuRig.NG);
                    assertThat(w.load(va)).isEqualTo(1);
                    w.s1.map(va, 3, NEW, MmuRig.AF | MmuRig.NG);
                }
            }
            // SCALE 3, NUM 15: 16 * 2^16 pages
            long value =
                    (long) ASID << 48 | 1L << 46 | 3L << 44 | 15L << 39 | 0x5000_0000_0000L >>> 12;
            rig.tlbi(0, 6, 1, value);
            for (long va : vas) {
                assertThat(w.load(va)).isEqualTo(2);
            }
            for (long va : outside) {
                assertThat(w.load(va)).isEqualTo(1);
            }
        }
    }

    @Test
    void rangeUpToTheTopOfTheAddressSpaceEndsThere() {
        try (MmuRig rig = new MmuRig()) {
            World w = new World(rig, 12, false);
            rig.put(OLD, 1);
            rig.put(NEW, 2);
            long va = 0xffff_ffff_ffff_f000L;
            w.s1.map(va, 3, OLD, MmuRig.AF);
            assertThat(w.load(va)).isEqualTo(1);
            w.s1.map(va, 3, NEW, MmuRig.AF);
            rig.tlbi(0, 6, 1, 1L << 46 | 31L << 39 | va >>> 12 & 0x1f_ffff_ffffL);
            assertThat(w.load(va)).isEqualTo(2);
        }
    }

    @Test
    void spaceNumbersThatRunOutAreDealtAnew() {
        Contexts contexts = new Contexts();
        Tlb tlb = new Tlb(contexts, 64);
        TlbSpace kept = tlb.asidSpace(0, 1, 1);
        TlbSpace dropped = tlb.asidSpace(0, 1, 2);
        long entry = 0x1000 | Tlb.VALID;
        tlb.insert1(kept, 0x1000, entry);
        TlbSpace stage2 = tlb.stage2Space(1);
        tlb.insert2(stage2, 0x1000, entry);
        for (int i = 0; i < 1000; i++) {
            tlb.insert1(dropped, 0x1000, entry);
            tlb.apply(new Invalidation(Invalidation.Scope.ASID, 0, 1, 2, 0, 0));
            TlbSpace global = tlb.globalSpace(0, 1);
            assertThat(tlb.lookup1(dropped, global, 0x1000)).isEqualTo(TlbTable.MISS);
            assertThat(tlb.lookup1(kept, global, 0x1000)).isEqualTo(entry);
            assertThat(tlb.lookup2(stage2, 0x1000)).isEqualTo(entry);
        }
    }
}
