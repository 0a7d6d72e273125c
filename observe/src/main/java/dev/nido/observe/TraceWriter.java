package dev.nido.observe;

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

    /** More than any line has. */
    private static final int LINE = 512;

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
        line.text(" (").decimal(key >> 14 & 3).text(",").decimal(key >> 11 & 7);
        line.text(",").decimal(key >> 7 & 15).text(",").decimal(key >> 3 & 15);
        line.text(",").decimal(key & 7).text(write ? ") write" : ") read");
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
