package dev.nido.kvm.nested;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.mmu.S2Mmu;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.sysreg.TrapConfiguration;
import dev.nido.kvm.vgic.NestedState;
import dev.nido.machine.gic.GicCpuInterface;
import dev.nido.machine.pe.Pe;

/**
 * What a vCPU with a virtual EL2 has beyond others (KVM: the nested parts of {@code struct
 * kvm_vcpu_arch}, and the predicates {@code is_hyp_ctxt()}, {@code is_nested_ctxt()} and their
 * like).
 *
 * <p>It is in <em>hyp context</em> at its EL2, and at EL0 under HCR_EL2.TGE; otherwise its EL1 or
 * EL0 executes, a guest of the guest. Between the two it goes in {@link #switchContext} only.
 */
public final class NestedVcpu implements NestedState {

    private static final int SPSR = SysReg.SPSR_EL2.ordinal();
    private static final int HCR = SysReg.HCR_EL2.ordinal();
    private static final long NV_NV2 = HcrEl2.NV | HcrEl2.NV2;
    private static final long EL_BITS = 3L << Spsr.EL_SHIFT;
    private static final long EL1 = 1L << Spsr.EL_SHIFT;
    private static final long EL2 = 2L << Spsr.EL_SHIFT;

    private final Vcpu vcpu;
    private final CpuModel model;
    private final boolean nv2;
    private final VncrPage page;
    private final RegisterSets sets;

    private PhysicalCpu cpu;
    private boolean hypLoaded;
    private boolean e2hLoaded;
    private S2Mmu mmu;
    private ShadowMmu shadow;
    private final ShadowFaults shadowFaults;
    private final VncrTlb vncrTlb;
    private long switches;
    private boolean interfaceTraps;

    /**
     * @param memory the vCPU's registers without a slot, by {@link SysReg#ordinal}
     * @throws dev.nido.kvm.KvmException ENOMEM
     */
    public NestedVcpu(Vcpu vcpu, long[] memory) {
        this.vcpu = vcpu;
        model = vcpu.vm().cpu();
        nv2 = vcpu.vm().nesting() == Nesting.NV2;
        vcpu.vm().shadows().grow(vcpu.id() + 1);
        page = new VncrPage(vcpu.vm().hypervisor().memory());
        sets = new RegisterSets(memory, page, nv2);
        mmu = vcpu.vm().arch().mmu();
        shadowFaults = new ShadowFaults(vcpu);
        vncrTlb = model.has(Feature.NV2) ? new VncrTlb(vcpu) : null;
        if (vncrTlb != null) {
            VncrTlb.listen(vcpu.vm());
        }
    }

    /** The registers that have a slot there. */
    public VncrPage page() {
        return page;
    }

    /**
     * Whether an access to a register of EL1 is one to memory (FEAT_NV2), because the guest's guest
     * is a hypervisor; it has trapped first, for the sake of others that the same control traps.
     */
    public boolean isRedirected(SysReg r) {
        if (vncrTlb == null || r.vncrOffset() < 0 || r.minimumEl() >= 2) {
            return false;
        }
        long hcr = hcr();
        return Spsr.el(vcpu.pstate()) == 1
                && (hcr & HcrEl2.NV2) != 0
                && (!r.vncrByNv1() || (hcr & HcrEl2.NV1) != 0);
    }

    /**
     * Executes such an access.
     *
     * @param rt general-purpose register
     * @return {@link dev.nido.kvm.Handled#RESUME}, or a negative errno
     */
    public int redirected(SysReg r, int rt, boolean read) {
        return vncrTlb.access(r, rt, read);
    }

    /** Where the VNCR page of its guest's EL2 is; null if the guests can't have one. */
    VncrTlb vncrTlb() {
        return vncrTlb;
    }

    /** Registers as after a reset; the vCPU is not loaded. */
    public void reset() {
        for (SysReg r : SysReg.values()) {
            if (VncrPage.holds(r)) {
                page.set(r, r.resetValue());
            }
        }
        sets.store(SysReg.VPIDR_EL2, vcpu.vm().idRegisters().get(SysReg.MIDR_EL1));
        sets.store(SysReg.VMPIDR_EL2, vcpu.mpidr());
        if (model.has(Feature.VHE) && !model.has(Feature.E2H0)) {
            sets.store(SysReg.CPTR_EL2, 0);
        }
    }

    // Where it is

    /** At EL2 ({@code vcpu_is_el2()}). */
    public boolean isEl2() {
        return Spsr.el(vcpu.pstate()) == 2;
    }

    /** HCR_EL2 as it acts: {@link HcrEl2#effective}. */
    public long hcr() {
        return HcrEl2.effective(model, page.get(SysReg.HCR_EL2));
    }

    /** HCR_EL2.E2H acts as 1 ({@code vcpu_el2_e2h_is_set()}). */
    public boolean e2h() {
        return (hcr() & HcrEl2.E2H) != 0;
    }

    /** HCR_EL2.TGE ({@code vcpu_el2_tge_is_set()}). */
    public boolean tge() {
        return (page.get(SysReg.HCR_EL2) & HcrEl2.TGE) != 0;
    }

    /** At EL2, or at EL0 of its host ({@code is_hyp_ctxt()}). */
    public boolean isHypContext() {
        int el = Spsr.el(vcpu.pstate());
        return el == 2 || el == 0 && tge();
    }

    /** A guest of the guest executes ({@code is_nested_ctxt()}). */
    public boolean isNested() {
        return !isHypContext();
    }

    /** At EL0 in hyp context. */
    public boolean isHostEl0() {
        return Spsr.el(vcpu.pstate()) == 0 && tge();
    }

    /**
     * Whether the interrupts of the guest's guest come from the guest's own list registers ({@code
     * vgic_state_is_nested()}).
     */
    public boolean vgicNested() {
        return isNested() && (hcr() & (HcrEl2.IMO | HcrEl2.FMO)) != 0;
    }

    /** Whether EL2's registers, and not those of EL1, are in the PE. */
    public boolean isHypLoaded() {
        return hypLoaded;
    }

    /** The stage-2 context in use. */
    public S2Mmu mmu() {
        return mmu;
    }

    /** What handles aborts of its guests at stage 2. */
    public ShadowFaults shadowFaults() {
        return shadowFaults;
    }

    /** Switches between the guest's EL2 and its guests so far. */
    public long switches() {
        return switches;
    }

    // Registers

    /** A register by its virtual name, wherever it is now. */
    @Override
    public long read(SysReg r) {
        return cpu == null ? sets.stored(r) : sets.read(cpu.pe(), r);
    }

    /**
     * Sets a register by its virtual name; for what the guest's EL2 gets by it see {@link
     * #written}.
     */
    @Override
    public void write(SysReg r, long value) {
        if (cpu == null) {
            sets.store(r, value);
        } else {
            sets.write(cpu.pe(), r, value);
        }
    }

    /**
     * The guest's EL2 has written a register, by a trapped access: what follows from it now. A
     * change of HCR_EL2.E2H gives all registers another place ({@code access_hcr()}).
     */
    public void written(SysReg r) {
        if (cpu == null || !hypLoaded) {
            return;
        }
        if (r == SysReg.HCR_EL2) {
            boolean now = e2h();
            if (now != e2hLoaded) {
                sets.put(cpu.pe());
                e2hLoaded = now;
                sets.load(cpu.pe(), true, now);
                vcpu.timer().contextChanged();
            }
            TrapConfiguration.apply(vcpu, cpu, vcpu.vm().isPinned());
        } else if (r == SysReg.CNTHCTL_EL2 || r == SysReg.CNTVOFF_EL2) {
            vcpu.timer().contextChanged();
        } else if (r == SysReg.MDCR_EL2) {
            vcpu.pmu().contextChanged();
            vcpu.debug().contextChanged();
        }
        if (r == SysReg.HCR_EL2) {
            vcpu.debug().contextChanged();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>There is no trap for these registers alone: every access to a register of EL2 traps then,
     * as without FEAT_NV2.
     */
    @Override
    public void trapInterface(boolean on) {
        interfaceTraps = on;
        sets.setRedirected(cpu == null ? null : cpu.pe(), redirects());
        if (nv2 && cpu != null) {
            TrapConfiguration.apply(vcpu, cpu, vcpu.vm().isPinned());
        }
    }

    /** Whether accesses to EL2's registers go to memory without a trap where they may. */
    boolean redirects() {
        return nv2 && !interfaceTraps;
    }

    // Load, put, switch

    /** The vCPU takes over a PE, whose common registers are loaded. */
    public void load(PhysicalCpu on) {
        cpu = on;
        hypLoaded = isHypContext();
        e2hLoaded = e2h();
        sets.load(on.pe(), hypLoaded, e2hLoaded);
        if (hypLoaded) {
            mmu = vcpu.vm().arch().mmu();
        } else {
            shadow = vcpu.vm().shadows().get(vcpu);
            mmu = shadow.mmu();
            if (vncrTlb != null && (hcr() & NV_NV2) == NV_NV2) {
                vncrTlb.load(on);
            }
        }
    }

    /** It gives the PE back; the common registers follow. */
    public void put() {
        sets.put(cpu.pe());
        if (vncrTlb != null) {
            vncrTlb.put();
        }
        cpu = null;
        if (shadow != null) {
            vcpu.vm().shadows().put(shadow);
            shadow = null;
            mmu = vcpu.vm().arch().mmu();
        }
    }

    /**
     * Changes the mode, or what it depends on, while the vCPU is loaded: everything that belongs to
     * the old context is taken out of the PE before and everything of the new one put in after.
     *
     * @param change sets PSTATE, PC and registers
     */
    public void switchContext(Runnable change) {
        PhysicalCpu on = cpu;
        if (on == null) {
            change.run();
            return;
        }
        switches++;
        vcpu.unloadContext();
        change.run();
        vcpu.loadContext(on);
    }

    /** MDSCR_EL1, of which there is one for all levels. */
    long debugControl() {
        return vcpu.debug().stored(SysReg.MDSCR_EL1);
    }

    /**
     * Whether the guest's guest wakes from WFI by what is pending for it in the interface that its
     * hypervisor has given to it.
     */
    public boolean wakesUp() {
        if (cpu == null || hypLoaded) {
            return false;
        }
        long hcr = hcr();
        int lines = cpu.pe().gic.lines();
        return (hcr & HcrEl2.IMO) != 0
                        && ((lines & GicCpuInterface.VIRQ) != 0 || (hcr & HcrEl2.VI) != 0)
                || (hcr & HcrEl2.FMO) != 0
                        && ((lines & GicCpuInterface.VFIQ) != 0 || (hcr & HcrEl2.VF) != 0)
                || (hcr & (HcrEl2.AMO | HcrEl2.VSE)) == (HcrEl2.AMO | HcrEl2.VSE);
    }

    // Entry and exit

    /** Before every entry: the mode as the PE has it ({@code fixup_guest_exit()}). */
    public void entering(Pe pe) {
        if (hypLoaded != isHypContext()) {
            throw new IllegalStateException("the vCPU has changed context without a switch");
        }
        if (hypLoaded && Spsr.el(pe.sys[SPSR]) == 2) {
            pe.sys[SPSR] = pe.sys[SPSR] & ~EL_BITS | EL1;
        }
        if (hypLoaded) {
            vcpu.timer().entering();
        }
    }

    /** After every exit, before anybody looks at the mode. */
    public void exited(Pe pe) {
        if (hypLoaded) {
            if (Spsr.el(pe.sys[SPSR]) == 1) {
                pe.sys[SPSR] = pe.sys[SPSR] & ~EL_BITS | EL2;
            }
            vcpu.timer().exited();
            return;
        }
        // A virtual SError that the guest's guest has taken is pending no more.
        long vhcr = page.get(SysReg.HCR_EL2);
        long both = HcrEl2.AMO | HcrEl2.VSE;
        if ((vhcr & both) == both && (pe.sys[HCR] & HcrEl2.VSE) == 0) {
            page.set(SysReg.HCR_EL2, vhcr & ~HcrEl2.VSE);
        }
    }

    /** The exception level that the guest believes in: a hypervisor of its own at EL1 is at EL2. */
    public int shownEl() {
        int el = Spsr.el(vcpu.pstate());
        return el == 1 && (hcr() & HcrEl2.NV) != 0 ? 2 : el;
    }

    /** The VM ends. */
    public void close() {
        page.close();
        if (vncrTlb != null) {
            vncrTlb.close();
        }
    }
}
