package dev.nido.kvm;

import dev.nido.arch.CpuModel;
import dev.nido.kvm.sysreg.IdRegisters;
import dev.nido.kvm.sysreg.PmuEventFilter;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A virtual machine ({@code struct kvm}). */
public final class Vm implements AutoCloseable {

    private final Hypervisor hypervisor;
    private final VmConfig config;
    private final List<Vcpu> vcpus = new CopyOnWriteArrayList<>();
    private final IdRegisters idRegisters;
    private final PmuEventFilter pmuFilter;

    Vm(Hypervisor hypervisor, VmConfig config) {
        this.hypervisor = hypervisor;
        this.config = config;
        idRegisters = new IdRegisters(config.cpu());
        pmuFilter = new PmuEventFilter(idRegisters);
    }

    public Hypervisor hypervisor() {
        return hypervisor;
    }

    public VmConfig config() {
        return config;
    }

    /** The CPU that the guest sees. */
    public CpuModel cpu() {
        return config.cpu();
    }

    /** The identification registers, as user space has left them. */
    public IdRegisters idRegisters() {
        return idRegisters;
    }

    /** Which PMU events guests may count. */
    public PmuEventFilter pmuFilter() {
        return pmuFilter;
    }

    /**
     * Creates a vCPU (KVM_CREATE_VCPU).
     *
     * @param id its number, from 0, without gaps
     */
    public synchronized Vcpu createVcpu(int id) {
        if (id != vcpus.size()) {
            throw new KvmException(
                    id < vcpus.size() ? Errno.EEXIST : Errno.EINVAL,
                    "vCPU " + id + " of a VM that has " + vcpus.size());
        }
        Vcpu vcpu = new Vcpu(this, id);
        vcpus.add(vcpu);
        return vcpu;
    }

    /** All vCPUs, by number. */
    public List<Vcpu> vcpus() {
        return vcpus;
    }

    @Override
    public void close() {
        hypervisor.forget(this);
    }
}
