package dev.nido.kvm.psci;

import dev.nido.kvm.Exit;
import dev.nido.kvm.Handled;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.machine.firmware.PowerControl;
import dev.nido.machine.firmware.Psci;
import dev.nido.machine.pe.Pe;

/**
 * The firmware of a VM ({@code kvm_smccc_call_handler}, {@code kvm_psci_call}): the answers are
 * those of the machine's own firmware, its power control is the VM's.
 */
public final class GuestFirmware {

    /** Answers calls that are not the standard firmware's: vendor services. */
    public interface Services {

        /** Handles the call in the vCPU's registers, or returns false. */
        boolean call(Vcpu vcpu);
    }

    private final Vm vm;
    private final Psci psci;
    private volatile Services services = vcpu -> false;
    private Vcpu caller;

    /**
     * @param smcConduit whether SMC is the conduit, else HVC
     */
    public GuestFirmware(Vm vm, boolean smcConduit) {
        this.vm = vm;
        psci = new Psci(new Power(), smcConduit);
    }

    /** Sets who is asked first. */
    public void setServices(Services services) {
        this.services = services;
    }

    /** HVC; the PC is behind it. */
    public int hypercall(Vcpu vcpu) {
        if (!services.call(vcpu)) {
            call(vcpu, false);
        }
        return vcpu.exit() == null ? Handled.RESUME : Handled.LEAVE;
    }

    /** SMC. */
    public int secureCall(Vcpu vcpu) {
        call(vcpu, true);
        return vcpu.exit() == null ? Handled.RESUME : Handled.LEAVE;
    }

    private void call(Vcpu vcpu, boolean smc) {
        Pe pe = vcpu.cpu().pe();
        synchronized (this) {
            caller = vcpu;
            if (!psci.call(vcpu.id(), pe.x, smc)) {
                pe.x[0] = -1;
            }
            caller = null;
        }
    }

    private final class Power implements PowerControl {
        @Override
        public int pes() {
            return vm.vcpus().size();
        }

        @Override
        public long affinity(int index) {
            return vm.vcpus().get(index).mpidr() & 0xff_00ff_ffffL;
        }

        @Override
        public State state(int index) {
            return vm.vcpus().get(index).powerState();
        }

        @Override
        public State start(int index, long entry, long context, boolean bigEndian) {
            return vm.vcpus().get(index).powerOn(entry, context, bigEndian);
        }

        @Override
        public boolean isBigEndian(int index) {
            return vm.vcpus().get(index).isBigEndian();
        }

        @Override
        public void stop(int index) {
            vm.vcpus().get(index).powerOff();
        }

        @Override
        public void suspend(int index) {
            vm.vcpus().get(index).setWaiting(true);
        }

        @Override
        public void powerOff() {
            vm.stop();
            caller.leave(new Exit.SystemEvent(Exit.SystemEvent.Type.SHUTDOWN));
        }

        @Override
        public void reset() {
            vm.stop();
            caller.leave(new Exit.SystemEvent(Exit.SystemEvent.Type.RESET));
        }
    }
}
