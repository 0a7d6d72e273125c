package dev.nido.observe;

import dev.nido.arch.Esr;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;

import jdk.jfr.EventType;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Turns every event into one of the JDK's flight recorder: {@code dev.nido.GuestExit} and others.
 * Which of them are kept is for the recording to say; those that it does not want are not made.
 */
public final class JfrTracer implements Tracer {
    // Asked before an event is made: an object that may be kept is not optimised away.
    private static final EventType GUEST_ENTRY = EventType.getEventType(VcpuEvent.GuestEntry.class);
    private static final EventType GUEST_EXIT = EventType.getEventType(VcpuEvent.GuestExit.class);
    private static final EventType GUEST_FAULT = EventType.getEventType(VcpuEvent.GuestFault.class);
    private static final EventType ACCESS_FAULT =
            EventType.getEventType(VcpuEvent.AccessFault.class);
    private static final EventType MMIO = EventType.getEventType(VcpuEvent.Mmio.class);
    private static final EventType MMIO_EMULATION =
            EventType.getEventType(VcpuEvent.MmioEmulation.class);
    private static final EventType SYSTEM_REGISTER =
            EventType.getEventType(VcpuEvent.SystemRegister.class);
    private static final EventType WAIT_FOR = EventType.getEventType(VcpuEvent.WaitFor.class);
    private static final EventType WAKEUP = EventType.getEventType(VcpuEvent.Wakeup.class);
    private static final EventType HYPERCALL = EventType.getEventType(VcpuEvent.Hypercall.class);
    private static final EventType INJECTION = EventType.getEventType(VcpuEvent.Injection.class);
    private static final EventType INTERRUPT_LINE =
            EventType.getEventType(VcpuEvent.InterruptLine.class);
    private static final EventType INTERRUPT_PENDING =
            EventType.getEventType(VcpuEvent.InterruptPending.class);
    private static final EventType LIST_REGISTER =
            EventType.getEventType(VcpuEvent.ListRegister.class);
    private static final EventType TIMER = EventType.getEventType(VcpuEvent.Timer.class);
    private static final EventType TLBI = EventType.getEventType(VcpuEvent.Tlbi.class);
    private static final EventType MAP = EventType.getEventType(VcpuEvent.Map.class);
    private static final EventType UNMAP = EventType.getEventType(VcpuEvent.Unmap.class);
    private static final EventType GUEST_DEBUG = EventType.getEventType(VcpuEvent.GuestDebug.class);

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
        if (GUEST_ENTRY.isEnabled()) {
            VcpuEvent.GuestEntry event = new VcpuEvent.GuestEntry();
            event.about(current.vm, vcpu);
            event.pc = pc;
            event.commit();
        }
    }

    @Override
    public void exit(Vcpu vcpu, int ec, long esr, long pc) {
        if (GUEST_EXIT.isEnabled()) {
            VcpuEvent.GuestExit event = new VcpuEvent.GuestExit();
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
        if (GUEST_FAULT.isEnabled()) {
            VcpuEvent.GuestFault event = new VcpuEvent.GuestFault();
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
        if (ACCESS_FAULT.isEnabled()) {
            VcpuEvent.AccessFault event = new VcpuEvent.AccessFault();
            event.about(current(vcpu).vm, vcpu);
            event.ipa = ipa;
            event.commit();
        }
    }

    @Override
    public void mmio(Vcpu vcpu, int kind, int bytes, long ipa, long value) {
        if (MMIO.isEnabled()) {
            VcpuEvent.Mmio event = new VcpuEvent.Mmio();
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
        if (MMIO_EMULATION.isEnabled()) {
            VcpuEvent.MmioEmulation event = new VcpuEvent.MmioEmulation();
            event.about(current(vcpu).vm, vcpu);
            event.pc = pc;
            event.instruction = instruction & 0xffff_ffffL;
            event.commit();
        }
    }

    @Override
    public void systemRegister(
            Vcpu vcpu, long pc, int key, String name, boolean write, long value) {
        if (SYSTEM_REGISTER.isEnabled()) {
            VcpuEvent.SystemRegister event = new VcpuEvent.SystemRegister();
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
        if (WAIT_FOR.isEnabled()) {
            VcpuEvent.WaitFor event = new VcpuEvent.WaitFor();
            event.about(current(vcpu).vm, vcpu);
            event.pc = pc;
            event.wfe = wfe;
            event.commit();
        }
    }

    @Override
    public void wakeup(Vcpu vcpu, long nanos, boolean slept, boolean valid) {
        if (WAKEUP.isEnabled()) {
            VcpuEvent.Wakeup event = new VcpuEvent.Wakeup();
            event.about(current(vcpu).vm, vcpu);
            event.waited = nanos;
            event.slept = slept;
            event.valid = valid;
            event.commit();
        }
    }

    @Override
    public void hypercall(Vcpu vcpu, long pc, long x0, int immediate, boolean smc) {
        if (HYPERCALL.isEnabled()) {
            VcpuEvent.Hypercall event = new VcpuEvent.Hypercall();
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
        if (INJECTION.isEnabled()) {
            VcpuEvent.Injection event = new VcpuEvent.Injection();
            event.about(current(vcpu).vm, vcpu);
            event.pc = pc;
            event.esr = esr;
            event.far = far;
            event.commit();
        }
    }

    @Override
    public void irqLine(Vm vm, int vcpu, int intid, boolean level) {
        if (INTERRUPT_LINE.isEnabled()) {
            VcpuEvent.InterruptLine event = new VcpuEvent.InterruptLine();
            event.about(number(vm), vcpu);
            event.intid = intid;
            event.level = level;
            event.commit();
        }
    }

    @Override
    public void interruptPending(Vm vm, int vcpu, int intid, boolean level) {
        if (INTERRUPT_PENDING.isEnabled()) {
            VcpuEvent.InterruptPending event = new VcpuEvent.InterruptPending();
            event.about(number(vm), vcpu);
            event.intid = intid;
            event.level = level;
            event.commit();
        }
    }

    @Override
    public void listRegister(Vcpu vcpu, int index, long value) {
        if (LIST_REGISTER.isEnabled()) {
            VcpuEvent.ListRegister event = new VcpuEvent.ListRegister();
            event.about(current(vcpu).vm, vcpu);
            event.index = index;
            event.value = value;
            event.commit();
        }
    }

    @Override
    public void timer(Vcpu vcpu, int intid, boolean level) {
        if (TIMER.isEnabled()) {
            VcpuEvent.Timer event = new VcpuEvent.Timer();
            event.about(current(vcpu).vm, vcpu);
            event.intid = intid;
            event.level = level;
            event.commit();
        }
    }

    @Override
    public void tlbi(Vm vm, int vmid, long ipa, long bytes) {
        if (TLBI.isEnabled()) {
            VcpuEvent.Tlbi event = new VcpuEvent.Tlbi();
            event.about(number(vm), -1);
            event.vmid = vmid;
            event.ipa = ipa;
            event.bytes = bytes;
            event.commit();
        }
    }

    @Override
    public void map(Vm vm, long ipa, long bytes, long pa, boolean writable, boolean executable) {
        if (MAP.isEnabled()) {
            VcpuEvent.Map event = new VcpuEvent.Map();
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
        if (UNMAP.isEnabled()) {
            VcpuEvent.Unmap event = new VcpuEvent.Unmap();
            event.about(number(vm), -1);
            event.ipa = ipa;
            event.bytes = bytes;
            event.commit();
        }
    }

    @Override
    public void guestDebug(Vcpu vcpu, int flags) {
        if (GUEST_DEBUG.isEnabled()) {
            VcpuEvent.GuestDebug event = new VcpuEvent.GuestDebug();
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
