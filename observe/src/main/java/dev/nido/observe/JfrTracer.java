package dev.nido.observe;

import dev.nido.arch.Esr;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Turns every event into one of the JDK's flight recorder: {@code dev.nido.GuestExit} and others.
 * Which of them are kept is for the recording to say; those that it does not want are not made.
 */
public final class JfrTracer implements Tracer {
    private final ConcurrentHashMap<Vcpu, Current> vcpus = new ConcurrentHashMap<>();
    private final List<Vm> vms = new CopyOnWriteArrayList<>();

    /** All kinds of events that there are. */
    static final List<Class<? extends VcpuEvent>> KINDS =
            List.of(
                    VcpuEvent.GuestEntry.class,
                    VcpuEvent.GuestExit.class,
                    VcpuEvent.GuestFault.class,
                    VcpuEvent.AccessFault.class,
                    VcpuEvent.Mmio.class,
                    VcpuEvent.MmioEmulation.class,
                    VcpuEvent.SystemRegister.class,
                    VcpuEvent.WaitFor.class,
                    VcpuEvent.Wakeup.class,
                    VcpuEvent.Hypercall.class,
                    VcpuEvent.Injection.class,
                    VcpuEvent.InterruptLine.class,
                    VcpuEvent.InterruptPending.class,
                    VcpuEvent.ListRegister.class,
                    VcpuEvent.Timer.class,
                    VcpuEvent.TimerEmulation.class,
                    VcpuEvent.Tlbi.class,
                    VcpuEvent.Map.class,
                    VcpuEvent.Unmap.class,
                    VcpuEvent.GuestDebug.class);

    /** The exit of a vCPU that waits for the next entry. */
    private static final class Current {
        private final int vm;
        private VcpuEvent.GuestExit exit;
        private long entered;

        Current(int vm) {
            this.vm = vm;
        }
    }

    @Override
    public void entry(Vcpu vcpu, long pc) {
        Current current = current(vcpu);
        if (current.exit != null) {
            current.exit.commit();
            current.exit = null;
        }
        current.entered = System.nanoTime();
        VcpuEvent.GuestEntry event = new VcpuEvent.GuestEntry();
        if (event.isEnabled()) {
            event.about(current.vm, vcpu);
            event.pc = pc;
            event.commit();
        }
    }

    @Override
    public void exit(Vcpu vcpu, int ec, long esr, long pc) {
        VcpuEvent.GuestExit event = new VcpuEvent.GuestExit();
        if (event.isEnabled()) {
            Current current = current(vcpu);
            event.begin();
            event.about(current.vm, vcpu);
            event.reason = ExitReason.name(ExitReason.of(ec));
            event.ec = ec;
            event.iss = ec < 0 ? 0 : Esr.iss(esr);
            event.pc = pc;
            event.level = (int) (vcpu.pstate() >> 2) & 3;
            event.inGuest = System.nanoTime() - current.entered;
            current.exit = event;
        }
    }

    @Override
    public void userspaceExit(Vcpu vcpu, Exit exit) {
        VcpuEvent.GuestExit event = current(vcpu).exit;
        if (event != null) {
            event.vmm = UserspaceExit.name(exit);
        }
    }

    @Override
    public void guestFault(Vcpu vcpu, long esr, long far, long ipa, long pc) {
        VcpuEvent.GuestFault event = new VcpuEvent.GuestFault();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.ipa = ipa;
            event.far = far;
            event.pc = pc;
            event.esr = esr;
            event.commit();
        }
    }

    @Override
    public void accessFault(Vcpu vcpu, long ipa) {
        VcpuEvent.AccessFault event = new VcpuEvent.AccessFault();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.ipa = ipa;
            event.commit();
        }
    }

    @Override
    public void mmio(Vcpu vcpu, int kind, int bytes, long ipa, long value) {
        VcpuEvent.Mmio event = new VcpuEvent.Mmio();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.kind =
                    kind == MMIO_WRITE ? "write" : kind == MMIO_READ ? "read" : "unsatisfied-read";
            event.bytes = bytes;
            event.ipa = ipa;
            event.value = value;
            event.commit();
        }
    }

    @Override
    public void mmioEmulate(Vcpu vcpu, long pc, int instruction, long pstate) {
        VcpuEvent.MmioEmulation event = new VcpuEvent.MmioEmulation();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.pc = pc;
            event.instruction = instruction & 0xffff_ffffL;
            event.commit();
        }
    }

    @Override
    public void systemRegister(
            Vcpu vcpu, long pc, int key, String name, boolean write, long value) {
        VcpuEvent.SystemRegister event = new VcpuEvent.SystemRegister();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.pc = pc;
            event.register = name;
            event.key = key;
            event.write = write;
            event.value = value;
            event.commit();
        }
    }

    @Override
    public void wfx(Vcpu vcpu, long pc, boolean wfe) {
        VcpuEvent.WaitFor event = new VcpuEvent.WaitFor();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.pc = pc;
            event.wfe = wfe;
            event.commit();
        }
    }

    @Override
    public void wakeup(Vcpu vcpu, long nanos, boolean slept, boolean valid) {
        VcpuEvent.Wakeup event = new VcpuEvent.Wakeup();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.waited = nanos;
            event.slept = slept;
            event.valid = valid;
            event.commit();
        }
    }

    @Override
    public void hypercall(Vcpu vcpu, long pc, long x0, int immediate, boolean smc) {
        VcpuEvent.Hypercall event = new VcpuEvent.Hypercall();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.pc = pc;
            event.function = x0;
            event.immediate = immediate;
            event.smc = smc;
            event.commit();
        }
    }

    @Override
    public void injection(Vcpu vcpu, long pc, long esr, long far) {
        VcpuEvent.Injection event = new VcpuEvent.Injection();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.pc = pc;
            event.esr = esr;
            event.far = far;
            event.commit();
        }
    }

    @Override
    public void irqLine(Vm vm, int vcpu, int intid, boolean level) {
        VcpuEvent.InterruptLine event = new VcpuEvent.InterruptLine();
        if (event.isEnabled()) {
            event.about(number(vm), vcpu);
            event.intid = intid;
            event.level = level;
            event.commit();
        }
    }

    @Override
    public void interruptPending(Vm vm, int vcpu, int intid, boolean level) {
        VcpuEvent.InterruptPending event = new VcpuEvent.InterruptPending();
        if (event.isEnabled()) {
            event.about(number(vm), vcpu);
            event.intid = intid;
            event.level = level;
            event.commit();
        }
    }

    @Override
    public void listRegister(Vcpu vcpu, int index, long value) {
        VcpuEvent.ListRegister event = new VcpuEvent.ListRegister();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.index = index;
            event.value = value;
            event.commit();
        }
    }

    @Override
    public void timer(Vcpu vcpu, int intid, boolean level) {
        VcpuEvent.Timer event = new VcpuEvent.Timer();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.intid = intid;
            event.level = level;
            event.commit();
        }
    }

    @Override
    public void timerEmulate(Vcpu vcpu, int timer, boolean fires) {
        VcpuEvent.TimerEmulation event = new VcpuEvent.TimerEmulation();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.timer = timer;
            event.fires = fires;
            event.commit();
        }
    }

    @Override
    public void tlbi(Vm vm, int vmid, long ipa, long bytes) {
        VcpuEvent.Tlbi event = new VcpuEvent.Tlbi();
        if (event.isEnabled()) {
            event.about(number(vm), -1);
            event.vmid = vmid;
            event.ipa = ipa;
            event.bytes = bytes;
            event.commit();
        }
    }

    @Override
    public void map(Vm vm, long ipa, long bytes, long pa, boolean writable, boolean executable) {
        VcpuEvent.Map event = new VcpuEvent.Map();
        if (event.isEnabled()) {
            event.about(number(vm), -1);
            event.ipa = ipa;
            event.bytes = bytes;
            event.pa = pa;
            event.writable = writable;
            event.executable = executable;
            event.commit();
        }
    }

    @Override
    public void unmap(Vm vm, long ipa, long bytes) {
        VcpuEvent.Unmap event = new VcpuEvent.Unmap();
        if (event.isEnabled()) {
            event.about(number(vm), -1);
            event.ipa = ipa;
            event.bytes = bytes;
            event.commit();
        }
    }

    @Override
    public void guestDebug(Vcpu vcpu, int flags) {
        VcpuEvent.GuestDebug event = new VcpuEvent.GuestDebug();
        if (event.isEnabled()) {
            event.about(current(vcpu).vm, vcpu);
            event.flags = flags;
            event.commit();
        }
    }

    /** Makes events of the exits that no entry followed. To be called when no vCPU runs. */
    public void finish() {
        for (Current current : vcpus.values()) {
            if (current.exit != null) {
                current.exit.commit();
                current.exit = null;
            }
        }
    }

    private Current current(Vcpu vcpu) {
        Current found = vcpus.get(vcpu);
        if (found == null) {
            found = new Current(number(vcpu.vm()));
            vcpus.put(vcpu, found);
        }
        return found;
    }

    private int number(Vm vm) {
        int known = vms.indexOf(vm);
        if (known >= 0) {
            return known;
        }
        synchronized (vms) {
            if (!vms.contains(vm)) {
                vms.add(vm);
            }
            return vms.indexOf(vm);
        }
    }
}
