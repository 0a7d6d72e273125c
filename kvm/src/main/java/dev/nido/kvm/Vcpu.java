package dev.nido.kvm;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.SctlrEl1;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.mmu.FaultMapping;
import dev.nido.kvm.mmu.Mmio;
import dev.nido.kvm.mmu.PageTableCache;
import dev.nido.kvm.mmu.S2Mmu;
import dev.nido.kvm.nested.NestedVcpu;
import dev.nido.kvm.nested.Nesting;
import dev.nido.kvm.run.ExceptionInjection;
import dev.nido.kvm.run.PhysicalCpu;
import dev.nido.kvm.run.RunLoop;
import dev.nido.kvm.sysreg.TrapConfiguration;
import dev.nido.kvm.sysreg.VirtualDebug;
import dev.nido.kvm.sysreg.VirtualPmu;
import dev.nido.kvm.timer.VcpuTimer;
import dev.nido.kvm.vgic.VgicCpu;
import dev.nido.machine.firmware.PowerControl;
import dev.nido.machine.pe.Pe;

import java.util.EnumSet;
import java.util.Set;

/**
 * A virtual CPU ({@code struct kvm_vcpu}). Its registers are in {@link VcpuContext}, or in the PE
 * on which it is loaded; whoever reads and writes them here need not know.
 */
public final class Vcpu {

    private static final int ELR = SysReg.ELR_EL2.ordinal();
    private static final int SPSR = SysReg.SPSR_EL2.ordinal();

    private static final long RESET_EL1 = Spsr.DAIF | 5;
    private static final long RESET_EL2 = Spsr.DAIF | 9;

    private static final Set<VcpuFeature> DEFAULT = EnumSet.of(VcpuFeature.PSCI_0_2);

    private final Vm vm;
    private final int id;
    private final VcpuContext context;
    private final NestedVcpu nested;
    private final PageTableCache memoryCache;
    private final PageTableCache shadowCache;
    private final FaultMapping faultMapping = new FaultMapping();
    private final VgicCpu vgic;
    private final VcpuTimer timer;
    private final VirtualDebug debug;
    private final VirtualPmu pmu;
    private final RunLoop loop;
    private final Mmio mmio = new Mmio();
    private PhysicalCpu cpu;
    private volatile Pe pe;
    private Exit exit;
    private Set<VcpuFeature> features;

    /** Whether it left with a state that it must not have. */
    private boolean invalid;

    private volatile boolean poweredOn;
    private volatile boolean waiting;
    private Start start;
    private long waitedNanos;

    /** What CPU_ON asks of a vCPU that is off. */
    private record Start(long entry, long context, boolean bigEndian) {}

    Vcpu(Vm vm, int id) {
        this.vm = vm;
        this.id = id;
        context = new VcpuContext(vm.nesting() != Nesting.NONE);
        nested = vm.nesting() == Nesting.NONE ? null : new NestedVcpu(this, context.sys);
        memoryCache = vm.arch().newCache();
        shadowCache = nested == null ? memoryCache : vm.arch().newShadowCache(memoryCache);
        loop = new RunLoop(this);
        vgic = vm.vgic().createCpu(id, loop);
        vgic.setNestedState(nested);
        timer = new VcpuTimer(this, (intid, level) -> vm.vgic().setLine(id, intid, level));
        timer.connect();
        debug = new VirtualDebug(this);
        pmu = new VirtualPmu(this, level -> vm.vgic().setLine(id, VirtualPmu.INTID, level));
        poweredOn = id == 0;
        reset();
    }

    /**
     * Initialises it with features: registers as after a reset (KVM_ARM_VCPU_INIT). It must not be
     * running. Again with the same features, it is another reset.
     *
     * @throws KvmException EINVAL for a feature that this hypervisor lacks, or others than the
     *     first time; nothing has changed
     */
    public synchronized void init(Set<VcpuFeature> wanted) {
        EnumSet<VcpuFeature> set = EnumSet.copyOf(DEFAULT);
        set.addAll(wanted);
        EnumSet<VcpuFeature> fixed = EnumSet.copyOf(set);
        fixed.remove(VcpuFeature.POWER_OFF);
        if (fixed.contains(VcpuFeature.HAS_EL2_E2H0) && !fixed.contains(VcpuFeature.HAS_EL2)) {
            throw new KvmException(
                    Errno.EINVAL, "vCPU feature HAS_EL2_E2H0 without HAS_EL2: no EL2 to have it");
        }
        for (VcpuFeature f : fixed) {
            boolean there =
                    switch (f) {
                        case PMU_V3 -> vm.cpu().has(Feature.PMUv3);
                        case EL1_32BIT -> false;
                        case HAS_EL2 -> nested != null;
                        case HAS_EL2_E2H0 -> !vm.cpu().has(Feature.VHE);
                        default -> true;
                    };
            if (!there) {
                throw new KvmException(Errno.EINVAL, "vCPU feature " + f + " is not there");
            }
        }
        if (nested != null && !fixed.contains(VcpuFeature.HAS_EL2)) {
            throw new KvmException(
                    Errno.EINVAL, "the VM's CPU has EL2, and the vCPU's features lack HAS_EL2");
        }
        if (nested != null
                && !vm.cpu().has(Feature.VHE)
                && !fixed.contains(VcpuFeature.HAS_EL2_E2H0)) {
            throw new KvmException(
                    Errno.EINVAL,
                    "the VM's CPU lacks FEAT_VHE, and the vCPU's features lack HAS_EL2_E2H0");
        }
        for (Vcpu other : vm.vcpus()) {
            if (other != this && other.features != null && !other.features.equals(fixed)) {
                throw new KvmException(
                        Errno.EINVAL,
                        "vCPU %d has features %s, and vCPU %d has %s: all of a VM have the same"
                                .formatted(id, fixed, other.id, other.features));
            }
        }
        if (features != null && !features.equals(fixed)) {
            throw new KvmException(Errno.EINVAL, "vCPU features " + fixed + " after " + features);
        }
        features = fixed;
        poweredOn = !set.contains(VcpuFeature.POWER_OFF);
        invalid = false;
        reset();
    }

    /** What it was initialised with; null before. */
    public Set<VcpuFeature> features() {
        return features;
    }

    /** The state that the architecture gives to a PE at reset at EL1. */
    public void reset() {
        detach();
        PhysicalCpu on = cpu;
        if (on != null) {
            unloadContext();
            context.put(pe);
        }
        context.reset(nested == null ? RESET_EL1 : RESET_EL2);
        if (nested != null) {
            nested.reset();
        }
        if (on != null) {
            context.load(pe);
            loadContext(on);
        }
        mmio.reset();
        timer.reset();
        vgic.reset();
        debug.reset();
        pmu.reset();
        waiting = false;
    }

    public Vm vm() {
        return vm;
    }

    /** Its virtual EL2, or null if it has none. */
    public NestedVcpu nested() {
        return nested;
    }

    /** The stage-2 context in use: of the VM, or of a guest of its guest ({@code hw_mmu}). */
    public S2Mmu hwMmu() {
        return nested == null ? vm.arch().mmu() : nested.mmu();
    }

    /** Its number in the VM. */
    public int id() {
        return id;
    }

    /** MPIDR_EL1 as the guest sees it. */
    public long mpidr() {
        return CpuModel.mpidr(id);
    }

    /** The PE on which it is loaded, or null. */
    public PhysicalCpu cpu() {
        return cpu;
    }

    /** Pages for page tables that are allocated before a lock is taken. */
    public PageTableCache memoryCache() {
        return memoryCache;
    }

    /** The same for a table of one of its contexts. */
    public PageTableCache tableCache(S2Mmu of) {
        return of.shadow() == null ? memoryCache : shadowCache;
    }

    /** What the handler of its fault is about to map. */
    public FaultMapping faultMapping() {
        return faultMapping;
    }

    /** Its CPU interface of the virtual interrupt controller. */
    public VgicCpu vgic() {
        return vgic;
    }

    public VcpuTimer timer() {
        return timer;
    }

    /** An access to a device of the VMM that is under way. */
    public Mmio mmio() {
        return mmio;
    }

    /** Its debug registers. */
    public VirtualDebug debug() {
        return debug;
    }

    /** Its performance monitors. */
    public VirtualPmu pmu() {
        return pmu;
    }

    // Running

    /**
     * Runs the guest until something needs the VMM (KVM_RUN). With the wall clock; one thread at a
     * time.
     */
    public Exit run() {
        requireInitialised();
        return loop.run(0);
    }

    /** The same in deterministic mode, for at most {@code budget} instructions. */
    public Exit run(long budget) {
        requireInitialised();
        return loop.run(budget);
    }

    private void requireInitialised() {
        if (invalid) {
            throw new KvmException(
                    Errno.ENOEXEC, "vCPU " + id + " has to be initialised before it runs again");
        }
    }

    /** For {@link RunLoop}: its state can't be: only {@link #init} makes it run again. */
    public void invalidate() {
        invalid = true;
    }

    /** Makes {@link #run} return soon; any thread (immediate_exit and a signal). */
    public void kick() {
        loop.request(RunLoop.REQUEST_EXIT);
    }

    /**
     * While it is set, {@link #run} returns at once after what is under way is finished: access to
     * a device that the VMM has answered (kvm_run.immediate_exit).
     */
    public void setImmediateExit(boolean on) {
        loop.setImmediateExit(on);
    }

    /** Keeps the vCPU out of the guest, or lets it in again; any thread. */
    public void pause(boolean on) {
        loop.pause(on);
    }

    /** Has the vCPU take up what changed in its VM: VMID, traps. */
    public void reload() {
        loop.request(RunLoop.REQUEST_RELOAD);
    }

    /** Exits from the guest to the hypervisor so far. */
    public long exits() {
        return loop.exits();
    }

    /** Nanoseconds that it waited for interrupts. */
    public long waitedNanos() {
        return waitedNanos;
    }

    /** For {@link RunLoop}: it has waited. */
    public void waited(long nanos) {
        waitedNanos += nanos;
    }

    /** Deterministic mode: whether it can run, which ends a wait that is over. */
    public boolean wakeUp() {
        return loop.wakeUp();
    }

    /** For {@link RunLoop}: takes over a PE ({@code kvm_arch_vcpu_load}). */
    public void load(PhysicalCpu on) {
        vm.idRegisters().fix();
        cpu = on;
        pe = on.pe();
        context.load(pe);
        timer.load(on);
        vgic.load(on);
        debug.load(on);
        pmu.load(on);
        loadContext(on);
    }

    /** What depends on whether EL2 or a guest of the guest runs; the rest is loaded already. */
    public void loadContext(PhysicalCpu on) {
        if (nested != null) {
            nested.load(on);
        }
        on.write(SysReg.VTCR_EL2, hwMmu().vtcr());
        hwMmu().load(pe, id);
        if (nested != null) {
            timer.contextChanged();
            debug.contextChanged();
            pmu.contextChanged();
            vgic.switchTo(nested.vgicNested());
        }
        TrapConfiguration.apply(this, on, vm.isPinned());
    }

    /** The inverse of {@link #loadContext}. */
    public void unloadContext() {
        hwMmu().put(pe);
        if (nested != null) {
            vgic.switchTo(false);
            nested.put();
        }
    }

    /** For {@link RunLoop}: gives it back ({@code kvm_arch_vcpu_put}). */
    public void put() {
        unloadContext();
        pmu.put();
        debug.put();
        vgic.put();
        timer.put();
        context.put(pe);
        cpu = null;
        pe = null;
    }

    /** The VM ends. */
    void close() {
        loop.close();
        memoryCache.free();
        shadowCache.free();
        if (nested != null) {
            nested.close();
        }
    }

    // Power (PSCI)

    public boolean isPoweredOn() {
        return poweredOn;
    }

    /** In WFI. */
    public boolean isWaiting() {
        return waiting;
    }

    public void setWaiting(boolean on) {
        waiting = on;
    }

    /** As AFFINITY_INFO reports it. */
    public synchronized PowerControl.State powerState() {
        return poweredOn
                ? PowerControl.State.ON
                : start != null ? PowerControl.State.ON_PENDING : PowerControl.State.OFF;
    }

    /**
     * Switches it on if it is off: it starts at EL1, or at its EL2, with {@code entry} in PC and
     * {@code context} in X0.
     *
     * @return its state before
     */
    public PowerControl.State powerOn(long entry, long context) {
        return powerOn(entry, context, false);
    }

    /** The same, with big-endian data accesses if asked for. */
    public synchronized PowerControl.State powerOn(long entry, long context, boolean bigEndian) {
        PowerControl.State state = powerState();
        if (state == PowerControl.State.OFF) {
            start = new Start(entry, context, bigEndian);
            if (vm.hypervisor().machine().deterministic()) {
                applyPower();
            } else {
                loop.request(RunLoop.REQUEST_POWER);
            }
        }
        return state;
    }

    /** Switches it off; it stops before its next instruction. */
    public synchronized void powerOff() {
        poweredOn = false;
        loop.request(RunLoop.REQUEST_POWER);
    }

    /** For {@link RunLoop}: does what {@link #powerOn} asked, on the vCPU's own thread. */
    public synchronized void applyPower() {
        Start s = start;
        if (s != null) {
            start = null;
            reset();
            setPc(s.entry);
            setReg(0, s.context);
            if (s.bigEndian) {
                writeSys(sctlr(), readSys(sctlr()) | SctlrEl1.EE);
            }
            poweredOn = true;
        }
    }

    /** SCTLR of the level that it starts at. */
    private SysReg sctlr() {
        return nested == null ? SysReg.SCTLR_EL1 : SysReg.SCTLR_EL2;
    }

    /** Whether data accesses of its highest level are big-endian. */
    public boolean isBigEndian() {
        return (readSys(sctlr()) & SctlrEl1.EE) != 0;
    }

    // MMIO

    /** Answers an {@link Exit.Mmio}: the value read; anything for a write. */
    public void completeMmio(long value) {
        mmio.complete(value);
    }

    /** Answers an {@link Exit.Mmio}: there is nothing at that address. */
    public void failMmio() {
        mmio.fail();
    }

    /** For {@link RunLoop}: goes on with an access that the VMM has answered. */
    public int finishMmio() {
        return mmio.finish(this);
    }

    // Registers

    /** The PE that has the registers; null if the context has them. */
    private Pe here() {
        if (loop.isParked()) {
            loop.detach();
        }
        return pe;
    }

    /** Before user space looks at registers: they are in no PE that the vCPU has given back. */
    public void detach() {
        here();
    }

    /** X0–X30; 31 is the zero register. */
    public long reg(int n) {
        if (n == 31) {
            return 0;
        }
        Pe pe = here();
        return pe != null ? pe.x[n] : context.x[n];
    }

    /** Sets X0–X30; 31 is ignored. */
    public void setReg(int n, long value) {
        if (n == 31) {
            return;
        }
        Pe pe = here();
        if (pe != null) {
            pe.x[n] = value;
        } else {
            context.x[n] = value;
        }
    }

    public long pc() {
        Pe pe = here();
        return pe != null ? pe.sys[ELR] : context.pc;
    }

    public void setPc(long value) {
        Pe pe = here();
        if (pe != null) {
            pe.sys[ELR] = value;
        } else {
            context.pc = value;
        }
    }

    /** PSTATE in the layout of SPSR_ELx. */
    public long pstate() {
        Pe pe = here();
        return pe != null ? pe.sys[SPSR] : context.pstate;
    }

    public void setPstate(long value) {
        Pe pe = here();
        if (pe != null) {
            pe.sys[SPSR] = value;
        } else {
            context.pstate = value;
        }
    }

    /** Bits 63:0 of V0–V31, or bits 127:64. */
    public long vector(int n, boolean high) {
        Pe pe = here();
        return (pe != null ? pe.v : context.v)[2 * n + (high ? 1 : 0)];
    }

    /** Sets V0–V31: bits 63:0 and 127:64. */
    public void setVector(int n, long low, long high) {
        Pe pe = here();
        long[] v = pe != null ? pe.v : context.v;
        v[2 * n] = low;
        v[2 * n + 1] = high;
    }

    /** FPCR, 32 bits. */
    public int fpcr() {
        Pe pe = here();
        return pe != null ? pe.fpcr : context.fpcr;
    }

    public void setFpcr(int value) {
        Pe pe = here();
        if (pe != null) {
            pe.fpcr = value;
        } else {
            context.fpcr = value;
        }
    }

    /** FPSR, 32 bits. */
    public int fpsr() {
        Pe pe = here();
        return pe != null ? pe.fpsr : context.fpsr;
    }

    public void setFpsr(int value) {
        Pe pe = here();
        if (pe != null) {
            pe.fpsr = value;
        } else {
            context.fpsr = value;
        }
    }

    /**
     * A system register of the guest, by its virtual name: an EL1 name is the register of the
     * guest's EL1 also while its EL2 runs in its place ({@code vcpu_read_sys_reg}).
     */
    public long readSys(SysReg r) {
        Pe pe = here();
        if (nested != null) {
            return nested.read(r);
        }
        return pe != null ? pe.readRegister(r) : context.sys[r.ordinal()];
    }

    /** Sets a system register of the guest, by its virtual name ({@code vcpu_write_sys_reg}). */
    public void writeSys(SysReg r, long value) {
        Pe pe = here();
        if (nested != null) {
            nested.write(r, value);
            return;
        }
        if (pe != null) {
            pe.writeRegister(r, value);
        } else {
            context.sys[r.ordinal()] = value;
        }
    }

    // Exits

    /** Says why {@link #run} returns; for exit handlers that answer {@link Handled#LEAVE}. */
    public int leave(Exit reason) {
        exit = reason;
        return Handled.LEAVE;
    }

    /** What {@link #leave} was told last. */
    public Exit exit() {
        return exit;
    }

    /**
     * Completes the instruction that trapped: the PC goes on, and the instruction counts as
     * executed ({@code kvm_incr_pc}).
     */
    public void skipInstruction() {
        loop.instructionEmulated();
        setPc(pc() + 4);
    }

    /** Counts the instruction at the PC as executed; the caller sets where it leads to. */
    public void instructionEmulated() {
        loop.instructionEmulated();
    }

    /** Has what was emulated or injected so far happen, before something else does. */
    public void commit() {
        loop.commit();
    }

    /** The guest's registers are those of an exception that was just injected. */
    public void exceptionInjected(boolean synchronous) {
        loop.exceptionInjected(synchronous);
    }

    /** Encoding of the instruction that trapped, or 0 if it is not known. */
    public int trappedInstruction() {
        return pe.trappedInstruction;
    }

    /** Injects an UNDEFINED instruction exception. */
    public void injectUndefined() {
        ExceptionInjection.undefined(this);
    }

    /** Injects a synchronous external abort on a data access; {@code iss} as the PE reports it. */
    public void injectDataAbort(long far, int iss) {
        ExceptionInjection.dataAbort(this, far, iss);
    }

    /** Injects a synchronous external abort on an instruction fetch. */
    public void injectPrefetchAbort(long far, int iss) {
        ExceptionInjection.prefetchAbort(this, far, iss);
    }
}
