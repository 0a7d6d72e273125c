package dev.nido.kvm;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.kvm.mmu.MemorySlots;
import dev.nido.kvm.mmu.VmidAllocator;
import dev.nido.kvm.nested.Nesting;
import dev.nido.kvm.nested.VncrWindows;
import dev.nido.kvm.protect.ProtectedMode;
import dev.nido.kvm.run.PhysicalCpus;
import dev.nido.machine.Machine;
import dev.nido.machine.mmu.TlbMaintenance;

import java.util.ArrayList;
import java.util.List;

/**
 * The hypervisor of a machine: what {@code /dev/kvm} stands for. It owns EL2 of all PEs and all
 * memory of the machine, and creates virtual machines.
 */
public final class Hypervisor implements AutoCloseable {

    private final Machine machine;
    private final PhysicalCpus cpus;
    private final HostMemory memory;
    private final int pageShift;
    private final boolean scattered;
    private final VmidAllocator vmids;
    private final VncrWindows vncrWindows;
    private final List<Vm> vms = new ArrayList<>();
    private volatile ProtectedMode protectedMode;
    private volatile Tracer tracer;

    /**
     * Takes a machine over, with tables of 4 KiB.
     *
     * @param machine its PEs are at EL2, and return from entries to it
     */
    public Hypervisor(Machine machine) {
        this(machine, HostMemory.PAGE_SHIFT, false);
    }

    /**
     * Takes a machine over.
     *
     * @param machine its PEs are at EL2, and return from entries to it
     * @param pageShift logarithm of the granule of stage 2: 12, 14 or 16
     * @param scattered guests get single pages from all over memory, and no blocks
     */
    public Hypervisor(Machine machine, int pageShift, boolean scattered) {
        if (machine.config().vectorEntry() || machine.config().startEl() != 2) {
            throw new IllegalArgumentException(
                    "a hypervisor needs PEs that start at EL2 and return from entries to it");
        }
        this.machine = machine;
        this.pageShift = pageShift;
        this.scattered = scattered;
        cpus = new PhysicalCpus(machine);
        memory = new HostMemory(machine);
        vncrWindows = new VncrWindows(machine, memory);
        TlbMaintenance tlb = machine.tlbMaintenance();
        boolean wide = machine.pe(0).cpu.has(Feature.VMID16);
        vmids = new VmidAllocator(wide ? 16 : 8, machine.pes(), tlb::everyVmid, tlb::stage1And2);
    }

    public Machine machine() {
        return machine;
    }

    /** The PEs. */
    public PhysicalCpus cpus() {
        return cpus;
    }

    /** The machine's memory, page by page. */
    public HostMemory memory() {
        return memory;
    }

    public VmidAllocator vmids() {
        return vmids;
    }

    /** The hypervisor's own stage 1. */
    public VncrWindows vncrWindows() {
        return vncrWindows;
    }

    /** Logarithm of the granule of stage 2. */
    public int pageShift() {
        return pageShift;
    }

    /** Whether guests get single pages from all over memory. */
    public boolean scattered() {
        return scattered;
    }

    /**
     * Puts the machine into protected mode ({@code kvm-arm.mode=protected}): from now on the host,
     * which is the VMM and its devices, can be denied pages, and VMs can be protected.
     *
     * @throws KvmException EBUSY when there are VMs already, or it is on; ENOMEM
     */
    public synchronized ProtectedMode startProtectedMode() {
        if (!vms.isEmpty() || protectedMode != null) {
            throw new KvmException(Errno.EBUSY, "protected mode begins before the first VM, once");
        }
        protectedMode = ProtectedMode.start(machine, memory, cpus, pageShift);
        return protectedMode;
    }

    /** Protected mode, or null if the machine is not in it. */
    public ProtectedMode protectedMode() {
        return protectedMode;
    }

    /**
     * Whether there is a capability, or how much of it (KVM_CHECK_EXTENSION).
     *
     * @return 0 for no, else yes or a number
     */
    public int check(Capability capability) {
        CpuModel cpu = machine.pe(0).cpu;
        return switch (capability) {
            case NR_VCPUS -> machine.pes();
            case MAX_VCPUS, MAX_VCPU_ID -> Vm.MAX_VCPUS;
            case NR_MEMSLOTS -> MemorySlots.MAX_SLOTS;
            case GUEST_DEBUG_HW_BPS -> CpuModel.BREAKPOINTS;
            case GUEST_DEBUG_HW_WPS -> CpuModel.WATCHPOINTS;
            case ARM_VM_IPA_SIZE -> Math.min(cpu.paBits(), 48);
            case ARM_PMU_V3 -> cpu.has(Feature.PMUv3) ? 1 : 0;
            case ARM_EL1_32BIT, ARM_NISV_TO_USER -> 0;
            case ARM_EL2, ARM_EL2_E2H0 -> nesting() == Nesting.NONE ? 0 : 1;
            default -> 1;
        };
    }

    /** What guests with an EL2 can be built on: nothing in protected mode. */
    public Nesting nesting() {
        return protectedMode != null ? Nesting.NONE : Nesting.of(machine.pe(0).cpu);
    }

    /** Creates a VM (KVM_CREATE_VM). */
    public synchronized Vm createVm(VmConfig config) {
        Vm vm = new Vm(this, config);
        vms.add(vm);
        return vm;
    }

    synchronized void forget(Vm vm) {
        vms.remove(vm);
    }

    /** Who takes events, or null. */
    public Tracer tracer() {
        return tracer;
    }

    /** Sets who takes events; null for nobody. Vcpus see it at their next entry. */
    public void setTracer(Tracer tracer) {
        this.tracer = tracer;
    }

    /** Closes all VMs; the machine stays. */
    @Override
    public void close() {
        for (Vm vm : List.copyOf(vms)) {
            vm.close();
        }
    }
}
