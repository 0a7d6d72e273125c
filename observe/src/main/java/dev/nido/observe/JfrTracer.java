package dev.nido.observe;

import dev.nido.arch.Esr;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;

import jdk.jfr.EventType;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

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
    private static final EventType FAST_EXIT = EventType.getEventType(NestedEvent.FastExit.class);
    private static final EventType NESTED_RETURN =
            EventType.getEventType(NestedEvent.NestedReturn.class);
    private static final EventType NESTED_EXCEPTION =
            EventType.getEventType(NestedEvent.NestedException.class);
    private static final EventType FORWARDED_ACCESS =
            EventType.getEventType(NestedEvent.ForwardedAccess.class);
    private static final EventType TIMER_MAP = EventType.getEventType(NestedEvent.TimerMap.class);
    private static final EventType SHADOW_LIST_REGISTERS =
            EventType.getEventType(NestedEvent.ShadowListRegisters.class);
    private static final EventType SHADOW_LIST_REGISTERS_PUT =
            EventType.getEventType(NestedEvent.ShadowListRegistersPut.class);
    private static final EventType LINKED_INTERRUPT_ENDED =
            EventType.getEventType(NestedEvent.LinkedInterruptEnded.class);
    private static final EventType SHADOW_CONTEXT =
            EventType.getEventType(NestedEvent.ShadowContext.class);
    private static final EventType SHADOW_FAULT =
            EventType.getEventType(NestedEvent.ShadowFault.class);
    private static final EventType NESTED_TLBI =
            EventType.getEventType(NestedEvent.NestedTlbi.class);

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
                    VcpuEvent.GuestDebug.class,
                    NestedEvent.FastExit.class,
                    NestedEvent.NestedReturn.class,
                    NestedEvent.NestedException.class,
                    NestedEvent.ForwardedAccess.class,
                    NestedEvent.TimerMap.class,
                    NestedEvent.ShadowListRegisters.class,
                    NestedEvent.ShadowListRegistersPut.class,
                    NestedEvent.LinkedInterruptEnded.class,
                    NestedEvent.ShadowContext.class,
                    NestedEvent.ShadowFault.class,
                    NestedEvent.NestedTlbi.class);

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
            event.guest = GuestLevel.of(vcpu).toString();
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

    @Override
    public void fastExit(Vcpu vcpu, int ec, long esr, long pc) {
        if (FAST_EXIT.isEnabled()) {
            NestedEvent.FastExit event = new NestedEvent.FastExit();
            event.about(current(vcpu).vm, vcpu);
            event.reason = ExitReason.name(ExitReason.of(ec));
            event.ec = ec;
            event.iss = ec < 0 ? 0 : Esr.iss(esr);
            event.pc = pc;
            event.commit();
        }
    }

    @Override
    public void nestedReturn(Vcpu vcpu, long elr, long spsr) {
        if (NESTED_RETURN.isEnabled()) {
            NestedEvent.NestedReturn event = new NestedEvent.NestedReturn();
            event.about(current(vcpu).vm, vcpu);
            event.elr = elr;
            event.spsr = spsr;
            event.mode = TraceNames.mode(spsr);
            event.commit();
        }
    }

    @Override
    public void nestedException(Vcpu vcpu, int offset, long esr) {
        if (NESTED_EXCEPTION.isEnabled()) {
            NestedEvent.NestedException event = new NestedEvent.NestedException();
            event.about(current(vcpu).vm, vcpu);
            event.type = TraceNames.exception(offset);
            event.pc = vcpu.pc();
            event.pstate = vcpu.pstate();
            event.mode = TraceNames.mode(event.pstate);
            event.esr = esr;
            event.commit();
        }
    }

    @Override
    public void forwardedAccess(Vcpu vcpu, int key, boolean read) {
        if (FORWARDED_ACCESS.isEnabled()) {
            NestedEvent.ForwardedAccess event = new NestedEvent.ForwardedAccess();
            event.about(current(vcpu).vm, vcpu);
            event.pc = vcpu.pc();
            event.key = key;
            event.read = read;
            event.commit();
        }
    }

    @Override
    public void timerMap(
            Vcpu vcpu,
            int directVirtual,
            int directPhysical,
            int emulatedVirtual,
            int emulatedPhysical) {
        if (TIMER_MAP.isEnabled()) {
            NestedEvent.TimerMap event = new NestedEvent.TimerMap();
            event.about(current(vcpu).vm, vcpu);
            event.directVirtual = directVirtual;
            event.directPhysical = directPhysical;
            event.emulatedVirtual = emulatedVirtual;
            event.emulatedPhysical = emulatedPhysical;
            event.commit();
        }
    }

    @Override
    public void shadowListRegisters(Vcpu vcpu, int count, long[] shadow, long[] original) {
        if (SHADOW_LIST_REGISTERS.isEnabled()) {
            NestedEvent.ShadowListRegisters event = new NestedEvent.ShadowListRegisters();
            event.about(current(vcpu).vm, vcpu);
            event.loaded = hexadecimal(shadow, count);
            event.original = hexadecimal(original, count);
            event.commit();
        }
    }

    @Override
    public void shadowListRegistersPut(Vcpu vcpu, int count, long[] values) {
        if (SHADOW_LIST_REGISTERS_PUT.isEnabled()) {
            NestedEvent.ShadowListRegistersPut event = new NestedEvent.ShadowListRegistersPut();
            event.about(current(vcpu).vm, vcpu);
            event.values = hexadecimal(values, count);
            event.commit();
        }
    }

    @Override
    public void linkedInterruptEnded(Vcpu vcpu, int index, long value, int intid) {
        if (LINKED_INTERRUPT_ENDED.isEnabled()) {
            NestedEvent.LinkedInterruptEnded event = new NestedEvent.LinkedInterruptEnded();
            event.about(current(vcpu).vm, vcpu);
            event.index = index;
            event.value = value;
            event.intid = intid;
            event.commit();
        }
    }

    @Override
    public void shadowContext(Vcpu vcpu, long vttbr, long vtcr, boolean recycled) {
        if (SHADOW_CONTEXT.isEnabled()) {
            NestedEvent.ShadowContext event = new NestedEvent.ShadowContext();
            event.about(current(vcpu).vm, vcpu);
            event.vttbr = vttbr;
            event.vtcr = vtcr;
            event.recycled = recycled;
            event.commit();
        }
    }

    @Override
    public void shadowFault(Vcpu vcpu, long l2Ipa, long l1Ipa, boolean forwarded) {
        if (SHADOW_FAULT.isEnabled()) {
            NestedEvent.ShadowFault event = new NestedEvent.ShadowFault();
            event.about(current(vcpu).vm, vcpu);
            event.l2Ipa = l2Ipa;
            event.l1Ipa = l1Ipa;
            event.forwarded = forwarded;
            event.commit();
        }
    }

    @Override
    public void nestedTlbi(Vcpu vcpu, int key, long value, boolean fast) {
        if (NESTED_TLBI.isEnabled()) {
            NestedEvent.NestedTlbi event = new NestedEvent.NestedTlbi();
            event.about(current(vcpu).vm, vcpu);
            event.operation = TraceNames.operation(key);
            event.key = key;
            event.value = value;
            event.fast = fast;
            event.commit();
        }
    }

    private static String hexadecimal(long[] values, int count) {
        return Arrays.stream(values, 0, count)
                .mapToObj(Long::toHexString)
                .collect(Collectors.joining(" "));
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
