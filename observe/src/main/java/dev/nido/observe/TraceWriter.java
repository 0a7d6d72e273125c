package dev.nido.observe;

import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.machine.Clock;
import dev.nido.machine.Machine;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Writes every event as a line in the layout of Linux's {@code trace} file, with the names and the
 * texts of KVM's tracepoints, so that what reads those reads these:
 *
 * <pre>
 *       kvm-vcpu-0-1001    [000] .....     0.001234: kvm_exit: TRAP: HSR_EC: 0x0016 (HVC64), PC: 0x0000000040080010
 * </pre>
 *
 * <p>The thread is named after the vCPU, and its number tells the vCPUs of all VMs apart; the CPU
 * is the PE on which it is loaded. Events that KVM does not have begin with {@code nido_}.
 *
 * <p>Times are the host's, from the start of the trace; of a deterministic machine its own, so that
 * the same run has the same trace, byte for byte.
 *
 * <p>Lines are collected in one buffer of fixed size; memory does not grow with the trace, and a
 * line allocates nothing. Lines of several threads are in the order in which they came, each whole.
 * If the file cannot be written any more, tracing stops, and {@link #close} says so.
 */
public final class TraceWriter implements Tracer, AutoCloseable {
    private static final int BUFFER = 1 << 18;

    /** Thread numbers for each VM. */
    private static final int THREADS = 1000;

    /** More than any event has; those of list registers have several lines. */
    private static final int LINE = 4096;

    private final OutputStream out;
    private final LongSupplier nanos;
    private final long start;
    private final Map<Vcpu, Integer> threads = new IdentityHashMap<>();
    private final List<Vm> vms = new ArrayList<>();

    /** The vCPU that a thread ran last. */
    private final ThreadLocal<Vcpu> runs = new ThreadLocal<>();

    private final LineBuffer line = new LineBuffer(BUFFER);
    private IOException failure;
    private boolean closed;

    /**
     * Writes with the host's clock; the first line is at about 0.
     *
     * @param out gets the lines, in large pieces; closed by {@link #close}
     */
    public TraceWriter(OutputStream out) {
        this(out, System::nanoTime);
    }

    /**
     * Writes with a clock of the caller's.
     *
     * @param nanos current time in nanoseconds from any origin
     */
    public TraceWriter(OutputStream out, LongSupplier nanos) {
        this.out = out;
        this.nanos = nanos;
        start = nanos.getAsLong();
        line.text(
                """
                # tracer: nop
                #
                #           TASK-PID     CPU#  FLAGS  TIMESTAMP  EVENT
                #              | |         |     |         |       |
                """);
    }

    @Override
    public synchronized void entry(Vcpu vcpu, long pc) {
        begin(vcpu, "kvm_entry: PC: ").hex0x(pc, 16);
        end();
    }

    @Override
    public synchronized void exit(Vcpu vcpu, int ec, long esr, long pc) {
        begin(vcpu, "kvm_exit: ").text(ExitReason.typeName(ec));
        int shown = Math.max(ec, 0);
        line.text(": HSR_EC: ").hex0x(shown, 4).text(" (").text(ExitReason.name(shown));
        line.text("), PC: ").hex0x(pc, 16);
        end();
    }

    @Override
    public synchronized void userspaceExit(Vcpu vcpu, Exit exit) {
        begin(vcpu, "kvm_userspace_exit: reason ");
        line.text(UserspaceExit.name(exit)).text(" (").decimal(UserspaceExit.number(exit));
        line.text(")");
        end();
    }

    @Override
    public synchronized void guestFault(Vcpu vcpu, long esr, long far, long ipa, long pc) {
        begin(vcpu, "kvm_guest_fault: ipa ").alternate(ipa, 0).text(", hsr ").alternate(esr, 8);
        line.text(", hxfar ").alternate(far, 8).text(", pc ").alternate(pc, 16);
        end();
    }

    @Override
    public synchronized void accessFault(Vcpu vcpu, long ipa) {
        begin(vcpu, "kvm_access_fault: IPA: ").hex(ipa, 1);
        end();
    }

    @Override
    public synchronized void mmio(Vcpu vcpu, int kind, int bytes, long ipa, long value) {
        begin(vcpu, "kvm_mmio: mmio ");
        line.text(
                switch (kind) {
                    case MMIO_READ_UNSATISFIED -> "unsatisfied-read";
                    case MMIO_READ -> "read";
                    default -> "write";
                });
        line.text(" len ").decimal(bytes).text(" gpa ").hex0x(ipa, 1);
        line.text(" val ").hex0x(value, 1);
        end();
    }

    @Override
    public synchronized void mmioEmulate(Vcpu vcpu, long pc, int instruction, long pstate) {
        begin(vcpu, "kvm_mmio_emulate: Emulate MMIO at: ").hex0x(pc, 16);
        line.text(" (instr: ").hex(instruction & 0xffff_ffffL, 8);
        line.text(", cpsr: ").hex(pstate, 8).text(")");
        end();
    }

    @Override
    public synchronized void systemRegister(
            Vcpu vcpu, long pc, int key, String name, boolean write, long value) {
        begin(vcpu, "kvm_sys_access: PC: ").hex(pc, 1).text(" ");
        line.text(name == null ? "UNKN" : name);
        line.text(" (");
        encoding(key);
        line.text(write ? ") write" : ") read");
        end();
    }

    @Override
    public synchronized void wfx(Vcpu vcpu, long pc, boolean wfe) {
        begin(vcpu, "kvm_wfx_arm64: guest executed wf").text(wfe ? "e" : "i");
        line.text(" at: ").hex0x(pc, 16);
        end();
    }

    @Override
    public synchronized void wakeup(Vcpu vcpu, long time, boolean slept, boolean valid) {
        begin(vcpu, "kvm_vcpu_wakeup: ").text(slept ? "wait" : "poll");
        line.text(" time ").decimal(time).text(" ns, polling ").text(valid ? "valid" : "invalid");
        end();
    }

    @Override
    public synchronized void hypercall(Vcpu vcpu, long pc, long x0, int immediate, boolean smc) {
        // KVM traces SMC as it traces HVC; the exit's class before it tells them apart.
        begin(vcpu, "kvm_hvc_arm64: HVC at ").hex0x(pc, 16).text(" (r0: ").hex0x(x0, 16);
        line.text(", imm: ").hex0x(immediate, 1).text(")");
        end();
    }

    @Override
    public synchronized void injection(Vcpu vcpu, long pc, long esr, long far) {
        begin(vcpu, "nido_inject: pc ").hex0x(pc, 16).text(", esr ").hex0x(esr, 8);
        line.text(", far ").hex0x(far, 16);
        end();
    }

    @Override
    public synchronized void irqLine(Vm vm, int vcpu, int intid, boolean level) {
        // The type is KVM_ARM_IRQ_TYPE_SPI, 1, or KVM_ARM_IRQ_TYPE_PPI, 2.
        boolean spi = intid >= 32;
        begin(vm, "kvm_irq_line: Inject VGIC ")
                .text(spi ? "SPI interrupt (1)" : "PPI interrupt (2)");
        line.text(", vcpu->idx: ").decimal(Math.max(vcpu, 0)).text(", num: ").decimal(intid);
        line.text(", level: ").decimal(level ? 1 : 0);
        end();
    }

    @Override
    public synchronized void interruptPending(Vm vm, int vcpu, int intid, boolean level) {
        begin(vm, "vgic_update_irq_pending: VCPU: ").decimal(vcpu).text(", IRQ ").decimal(intid);
        line.text(", level: ").decimal(level ? 1 : 0);
        end();
    }

    @Override
    public synchronized void listRegister(Vcpu vcpu, int index, long value) {
        begin(vcpu, "nido_list_register: LR").decimal(index).text(" ").hex0x(value, 16);
        end();
    }

    @Override
    public synchronized void timer(Vcpu vcpu, int intid, boolean level) {
        begin(vcpu, "kvm_timer_update_irq: VCPU: ").decimal(vcpu.id());
        line.text(", IRQ ").decimal(intid).text(", level ").decimal(level ? 1 : 0);
        end();
    }

    @Override
    public synchronized void tlbi(Vm vm, int vmid, long ipa, long bytes) {
        begin(vm, "nido_tlbi: vmid ").decimal(vmid);
        if (bytes < 0) {
            line.text(", all");
        } else {
            line.text(", ipa ").hex0x(ipa, 1).text(", size ").hex0x(bytes, 1);
        }
        end();
    }

    @Override
    public synchronized void map(
            Vm vm, long ipa, long bytes, long pa, boolean writable, boolean executable) {
        begin(vm, "nido_map: ipa ").hex0x(ipa, 1).text(", size ").hex0x(bytes, 1);
        line.text(", pa ").hex0x(pa, 1).text(writable ? ", rw" : ", r-");
        line.text(executable ? "x" : "-");
        end();
    }

    @Override
    public synchronized void unmap(Vm vm, long ipa, long bytes) {
        begin(vm, "kvm_unmap_hva_range: mmu notifier unmap range: ").alternate(ipa, 16);
        line.text(" -- ").alternate(ipa + bytes, 16);
        end();
    }

    @Override
    public synchronized void guestDebug(Vcpu vcpu, int flags) {
        begin(vcpu, "kvm_set_guest_debug: vcpu: ").decimal(thread(vcpu));
        line.text(", flags: ").hex0x(flags & 0xffff_ffffL, 8);
        end();
    }

    @Override
    public synchronized void fastExit(Vcpu vcpu, int ec, long esr, long pc) {
        begin(vcpu, "nido_fast_exit: ").text(ExitReason.typeName(ec));
        int shown = Math.max(ec, 0);
        line.text(": HSR_EC: ").hex0x(shown, 4).text(" (").text(ExitReason.name(shown));
        line.text("), PC: ").hex0x(pc, 16);
        end();
    }

    @Override
    public synchronized void nestedReturn(Vcpu vcpu, long elr, long spsr) {
        begin(vcpu, "kvm_nested_eret: elr_el2: ").hex0x(elr, 1).text(" spsr_el2: ");
        mode(vcpu, spsr);
        end();
    }

    @Override
    public synchronized void nestedException(Vcpu vcpu, int offset, long esr) {
        begin(vcpu, "kvm_inject_nested_exception: ").text(TraceNames.exception(offset));
        line.text(": esr_el2 ").hex0x(esr, 1).text(" elr_el2: ").hex0x(vcpu.pc(), 1);
        line.text(" spsr_el2: ");
        mode(vcpu, vcpu.pstate());
        end();
    }

    private void mode(Vcpu vcpu, long spsr) {
        line.hex0x(spsr, 8).text(" (M: ").text(TraceNames.mode(spsr)).text(") hcr_el2: ");
        line.hex(vcpu.nested() == null ? 0 : vcpu.nested().read(SysReg.HCR_EL2), 1);
    }

    @Override
    public synchronized void forwardedAccess(Vcpu vcpu, int key, boolean read) {
        begin(vcpu, "kvm_forward_sysreg_trap: ").hex(vcpu.pc(), 1).text(read ? " R (" : " W (");
        encoding(key);
        line.text(")");
        end();
    }

    private void encoding(int key) {
        line.decimal(key >> 14 & 3).text(",").decimal(key >> 11 & 7);
        line.text(",").decimal(key >> 7 & 15).text(",").decimal(key >> 3 & 15);
        line.text(",").decimal(key & 7);
    }

    @Override
    public synchronized void timerMap(
            Vcpu vcpu,
            int directVirtual,
            int directPhysical,
            int emulatedVirtual,
            int emulatedPhysical) {
        begin(vcpu, "kvm_get_timer_map: VCPU: ").decimal(vcpu.id());
        line.text(", dv: ").decimal(timerIndex(directVirtual));
        line.text(", dp: ").decimal(timerIndex(directPhysical));
        line.text(", ev: ").decimal(timerIndex(emulatedVirtual));
        line.text(", ep: ").decimal(timerIndex(emulatedPhysical));
        end();
    }

    /** The number that KVM has for a timer (TIMER_PTIMER and its like). */
    private static int timerIndex(int intid) {
        return switch (intid) {
            case 30 -> 0;
            case 27 -> 1;
            case 28 -> 2;
            case 26 -> 3;
            default -> -1;
        };
    }

    @Override
    public synchronized void shadowListRegisters(
            Vcpu vcpu, int count, long[] shadow, long[] original) {
        begin(vcpu, "vgic_create_shadow_lrs: nr_lr: ").decimal(count);
        for (int i = 0; i < count; i++) {
            listRegister(i, shadow[i]);
            line.text(" (").begin().decimal(physical(original[i])).padLeft(5).text(")");
        }
        end();
    }

    @Override
    public synchronized void shadowListRegistersPut(Vcpu vcpu, int count, long[] values) {
        begin(vcpu, "vgic_put_nested: nr_lr: ").decimal(count);
        for (int i = 0; i < count; i++) {
            listRegister(i, values[i]);
        }
        end();
    }

    /** A line below the event's own. */
    private void listRegister(int i, long value) {
        line.text("\n").begin().text(" ").padLeft(50).text("LR[").begin().decimal(i).padLeft(2);
        line.text("]: HW: ").decimal(value >>> 61 & 1).text(" P: ").decimal(value >>> 62 & 1);
        line.text(": A: ").decimal(value >>> 63).text(" vINTID: ");
        line.begin().decimal(value & 0xffff_ffffL).padLeft(5).text(" pINTID: ");
        line.begin().decimal(physical(value)).padLeft(5);
    }

    private static long physical(long listRegister) {
        return listRegister >>> 32 & 0x1fff;
    }

    @Override
    public synchronized void linkedInterruptEnded(Vcpu vcpu, int index, long value, int intid) {
        begin(vcpu, "vgic_nested_hw_emulate: lr: ").decimal(index).text(" LR ").hex(value, 1);
        line.text(" L1 INTID: ").decimal(intid);
        end();
    }

    @Override
    public synchronized void shadowContext(Vcpu vcpu, long vttbr, long vtcr, boolean recycled) {
        begin(vcpu, "nido_shadow_context: vttbr_el2 ").hex0x(vttbr, 1).text(", vtcr_el2 ");
        line.hex0x(vtcr, 1).text(recycled ? ", recycled" : ", new");
        end();
    }

    @Override
    public synchronized void shadowFault(Vcpu vcpu, long l2Ipa, long l1Ipa, boolean forwarded) {
        begin(vcpu, "nido_shadow_fault: L2 ipa ").hex0x(l2Ipa, 1);
        if (l1Ipa != -1) {
            line.text(", L1 ipa ").hex0x(l1Ipa, 1);
        }
        line.text(forwarded ? ", to L1" : ", mapped");
        end();
    }

    @Override
    public synchronized void nestedTlbi(Vcpu vcpu, int key, long value, boolean fast) {
        begin(vcpu, "nido_nested_tlbi: ").text(TraceNames.operation(key)).text(" (");
        encoding(key);
        line.text(") ").hex0x(value, 1).text(fast ? ", on the spot" : "");
        end();
    }

    private LineBuffer begin(Vcpu vcpu, String event) {
        runs.set(vcpu);
        int pe = vcpu.cpu() == null ? 0 : vcpu.cpu().index();
        line.begin().text("kvm-vcpu-").decimal(vcpu.id()).padLeft(16);
        line.begin().text("-").decimal(thread(vcpu)).padRight(9);
        return time(vcpu.vm(), pe, event);
    }

    /** An event that no vCPU causes is the thread's that has it: of a vCPU, or the VMM's own. */
    private LineBuffer begin(Vm vm, String event) {
        Vcpu vcpu = runs.get();
        if (vcpu != null && vcpu.vm() == vm) {
            return begin(vcpu, event);
        }
        line.begin().text("vmm").padLeft(16);
        line.begin().text("-").decimal(number(vm)).padRight(9);
        return time(vm, 0, event);
    }

    private LineBuffer time(Vm vm, int pe, String event) {
        line.text("[").decimal(pe, 3).text("] .....");
        Machine machine = vm.hypervisor().machine();
        if (machine.deterministic()) {
            // All digits: of instructions, a microsecond has a thousand.
            long ticks = machine.clock().ticks();
            line.begin().decimal(ticks / Clock.FREQUENCY).padLeft(6);
            line.text(".").decimal(ticks % Clock.FREQUENCY, 9);
        } else {
            long micros = (nanos.getAsLong() - start) / 1000;
            line.begin().decimal(micros / 1_000_000).padLeft(6);
            line.text(".").decimal(micros % 1_000_000, 6);
        }
        return line.text(": ").text(event);
    }

    private void end() {
        line.text("\n");
        if (line.free() < LINE) {
            flush();
        }
    }

    private int thread(Vcpu vcpu) {
        Integer known = threads.get(vcpu);
        if (known == null) {
            known = number(vcpu.vm()) + 1 + vcpu.id();
            threads.put(vcpu, known);
        }
        return known;
    }

    /** The number of a VMM's thread; those of its vCPUs follow. */
    private int number(Vm vm) {
        int known = vms.indexOf(vm);
        if (known < 0) {
            known = vms.size();
            vms.add(vm);
        }
        return (known + 1) * THREADS;
    }

    private void flush() {
        if (failure == null && !closed) {
            try {
                line.writeTo(out);
            } catch (IOException e) {
                failure = e;
            }
        }
        line.clear();
    }

    /**
     * Writes what is left.
     *
     * @throws IOException if not every line could be written
     */
    @Override
    public synchronized void close() throws IOException {
        if (closed) {
            return;
        }
        flush();
        closed = true;
        try {
            out.close();
        } catch (IOException e) {
            failure = failure == null ? e : failure;
        }
        if (failure != null) {
            throw failure;
        }
    }
}
