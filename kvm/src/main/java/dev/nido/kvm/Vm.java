package dev.nido.kvm;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.arch.GicParameters;
import dev.nido.kvm.mmu.GuestRam;
import dev.nido.kvm.mmu.MemorySlots;
import dev.nido.kvm.mmu.VmArch;
import dev.nido.kvm.mmu.VmMmioBus;
import dev.nido.kvm.nested.Nesting;
import dev.nido.kvm.nested.ShadowMmus;
import dev.nido.kvm.protect.GuestHypercalls;
import dev.nido.kvm.protect.ProtectedMode;
import dev.nido.kvm.psci.GuestFirmware;
import dev.nido.kvm.sysreg.IdRegisters;
import dev.nido.kvm.sysreg.PmuEventFilter;
import dev.nido.kvm.vgic.Vgic;
import dev.nido.machine.Machine;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A virtual machine ({@code struct kvm}). */
public final class Vm implements AutoCloseable {

    /** vCPUs of one VM: what affinity routing of the interrupt controller can name. */
    static final int MAX_VCPUS = 512;

    private final Hypervisor hypervisor;
    private final VmConfig config;
    private final Nesting nesting;
    private final CpuModel cpu;
    private final List<Vcpu> vcpus = new CopyOnWriteArrayList<>();
    private final IdRegisters idRegisters;
    private final PmuEventFilter pmuFilter;
    private final Vgic vgic;
    private final VmArch arch;
    private final MemorySlots slots;
    private final GuestRam ram;
    private final GuestRam ownRam;
    private final VmMmioBus mmio = new VmMmioBus();
    private final GuestFirmware firmware;
    private boolean closed;
    private volatile boolean stopped;

    Vm(Hypervisor hypervisor, VmConfig config) {
        this.hypervisor = hypervisor;
        this.config = config;
        ProtectedMode mode = hypervisor.protectedMode();
        if (config.protectedVm() && mode == null) {
            throw new KvmException(Errno.EINVAL, "a protected VM on a machine that is not");
        }
        nesting = nesting(hypervisor, config);
        cpu =
                nesting == Nesting.NONE
                        ? config.cpu()
                        : config.cpu().forGuestHypervisor(hypervisor.pageShift());
        idRegisters = new IdRegisters(cpu);
        pmuFilter = new PmuEventFilter(idRegisters);
        Machine machine = hypervisor.machine();
        vgic =
                new Vgic(
                        GicParameters.standard(config.cpu().listRegisters()),
                        hypervisor.cpus(),
                        machine.deterministic(),
                        config.ipaBits() == 0 ? 40 : config.ipaBits(),
                        mmio);
        arch =
                new VmArch(
                        machine,
                        hypervisor.memory(),
                        hypervisor.vmids(),
                        config.ipaBits(),
                        hypervisor.pageShift());
        slots = new MemorySlots(arch, !hypervisor.scattered());
        ram = new GuestRam(arch, slots);
        ownRam = GuestRam.ofHypervisor(arch, slots);
        firmware = new GuestFirmware(this, nesting != Nesting.NONE);
        vgic.setTraced(this);
        arch.setTraced(this);
        if (nesting != Nesting.NONE) {
            arch.setShadows(new ShadowMmus(this));
        }
        if (mode != null) {
            protect(mode);
        }
    }

    /** Over which feature the guest's EL2, if it has one, is built. */
    private static Nesting nesting(Hypervisor hypervisor, VmConfig config) {
        CpuModel cpu = config.cpu();
        if (!cpu.has(Feature.EL2)) {
            return Nesting.NONE;
        }
        if (hypervisor.protectedMode() != null) {
            throw new KvmException(
                    Errno.EINVAL,
                    "the hypervisor is in protected mode, and the VM's CPU has EL2: it can't be both");
        }
        Nesting nesting = hypervisor.nesting();
        if (nesting == Nesting.NONE) {
            throw new KvmException(
                    Errno.EINVAL, "the VM's CPU has EL2, and the machine's lacks FEAT_NV");
        }
        if (nesting == Nesting.NV2 && cpu.has(Feature.VHE) && cpu.has(Feature.E2H0)) {
            throw new KvmException(
                    Errno.EINVAL,
                    "the VM's CPU has both FEAT_VHE and FEAT_E2H0, and the machine FEAT_NV2: a change"
                            + " of HCR_EL2.E2H would not be seen");
        }
        return nesting;
    }

    /** Has the pages' owners asked from the first page on. */
    private void protect(ProtectedMode mode) {
        try {
            mode.attach(this);
        } catch (KvmException e) {
            arch.free();
            throw e;
        }
        arch.setOwnership(mode, this);
        if (config.protectedVm()) {
            firmware.setServices(new GuestHypercalls(mode, this, ram)::call);
        }
    }

    public Hypervisor hypervisor() {
        return hypervisor;
    }

    public VmConfig config() {
        return config;
    }

    /** Over which feature its vCPUs have an EL2. */
    public Nesting nesting() {
        return nesting;
    }

    /** The CPU that the guest sees. */
    public CpuModel cpu() {
        return cpu;
    }

    /** The identification registers, as user space has left them. */
    public IdRegisters idRegisters() {
        return idRegisters;
    }

    /** Which PMU events guests may count. */
    public PmuEventFilter pmuFilter() {
        return pmuFilter;
    }

    /** The virtual interrupt controller. */
    public Vgic vgic() {
        return vgic;
    }

    /** What its MMU contexts have in common. */
    public VmArch arch() {
        return arch;
    }

    /** The contexts of the guest's guests, or null where it can't have any. */
    public ShadowMmus shadows() {
        return arch.shadows();
    }

    /** The guest physical address space. */
    public MemorySlots slots() {
        return slots;
    }

    /** The guest's memory as the VMM uses it. */
    public GuestRam ram() {
        return ram;
    }

    /** The devices that the hypervisor emulates, by guest physical address. */
    public VmMmioBus mmio() {
        return mmio;
    }

    /** The guest's memory as the hypervisor uses it on the guest's behalf. */
    public GuestRam ownRam() {
        return ownRam;
    }

    /** What answers HVC and SMC. */
    public GuestFirmware firmware() {
        return firmware;
    }

    /** Whether vCPU n runs on PE n and nowhere else. */
    public boolean isPinned() {
        return hypervisor.machine().deterministic();
    }

    /** Whether {@link #stop} was called: one of the vCPUs returns, or has, with the reason. */
    public boolean isStopped() {
        return stopped;
    }

    /** Switches all vCPUs off: the guest asked for the end. */
    public void stop() {
        stopped = true;
        for (Vcpu vcpu : vcpus) {
            vcpu.powerOff();
        }
    }

    /**
     * Creates a vCPU (KVM_CREATE_VCPU).
     *
     * @param id its number, from 0, without gaps
     */
    public synchronized Vcpu createVcpu(int id) {
        if (id >= MAX_VCPUS || hypervisor.machine().deterministic() && id >= pes()) {
            throw new KvmException(
                    Errno.EINVAL,
                    "vCPU %d: a VM has %d at most%s"
                            .formatted(
                                    id,
                                    hypervisor.machine().deterministic() ? pes() : MAX_VCPUS,
                                    hypervisor.machine().deterministic()
                                            ? ", one a PE in deterministic mode"
                                            : ""));
        }
        if (vgic.isInitialized()) {
            throw new KvmException(
                    Errno.EBUSY, "the interrupt controller was initialised without vCPU " + id);
        }
        if (id != vcpus.size()) {
            throw new KvmException(
                    id < vcpus.size() ? Errno.EEXIST : Errno.EINVAL,
                    "vCPU " + id + " of a VM that has " + vcpus.size());
        }
        Vcpu vcpu = new Vcpu(this, id);
        vcpus.add(vcpu);
        return vcpu;
    }

    private int pes() {
        return hypervisor.machine().pes();
    }

    /** All vCPUs, by number. */
    public List<Vcpu> vcpus() {
        return vcpus;
    }

    /** Gives everything back; no thread may run a vCPU any more. Again: no effect. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (Vcpu vcpu : vcpus) {
            vcpu.close();
        }
        slots.close();
        arch.ownership().releaseAll(this);
        arch.free();
        hypervisor.forget(this);
    }
}
