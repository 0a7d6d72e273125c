package dev.nido.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;

class TraceWriterTest {
    /** A line of Linux's trace file: task, thread, CPU, flags, seconds, event, text. */
    static final Pattern LINE =
            Pattern.compile(
                    " *(\\S+)-(\\d+) +\\[(\\d{3})\\] (\\S{5}) +(\\d+)\\.(\\d{6}|\\d{9}): (\\w+): (.+)");

    private static Vcpus machine;
    private static List<Vcpu> vcpus;

    @BeforeAll
    static void create() {
        machine = new Vcpus();
        vcpus = machine.create(4);
    }

    @AfterAll
    static void close() {
        machine.close();
    }

    private final ByteArrayOutputStream file = new ByteArrayOutputStream();
    private long now = 5_000;

    private List<String> lines(Consumer<Tracer> events) throws IOException {
        TraceWriter trace = new TraceWriter(file, () -> now);
        events.accept(trace);
        trace.close();
        return file.toString(StandardCharsets.US_ASCII)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .toList();
    }

    @Test
    void aLineHasTheLayoutOfTheKernelsTraceFile() throws IOException {
        assertThat(
                        lines(trace -> {
                            now += 1_234_567_890L;
                            trace.entry(vcpus.get(1), 0xffff_8000_8010_0000L);
                        }))
                .containsExactly(
                        "      kvm-vcpu-1-1002    [000] .....     1.234567: kvm_entry: PC:"
                                + " 0xffff800080100000");
    }

    @Test
    void eachEventHasTheTextOfKvmsTracepoint() throws IOException {
        Vcpu v = vcpus.get(0);
        Vm vm = v.vm();
        List<String> texts =
                lines(
                                t -> {
                                    t.exit(v, Esr.EC_DATA_ABORT, 0x9200_0046L, 0x4000_1000L);
                                    t.exit(v, Tracer.IRQ, 0, 0x4000_1000L);
                                    t.exit(v, Tracer.KICK, 0, 0);
                                    t.guestFault(v, 0x9200_0046L, 0xffff_0000L, 0x4000_0000L, 16);
                                    t.guestFault(v, 0, 0, 0, 0);
                                    t.accessFault(v, 0x4000_0000L);
                                    t.mmio(v, Tracer.MMIO_READ_UNSATISFIED, 4, 0x900_0018L, 0);
                                    t.mmio(v, Tracer.MMIO_READ, 4, 0x900_0018L, 0x90);
                                    t.mmio(v, Tracer.MMIO_WRITE, 8, 0x900_0000L, -1);
                                    t.mmioEmulate(v, 0x4000_1000L, 0xb8404401, 0x3c5);
                                    t.systemRegister(
                                            v,
                                            0xffff_8000_8000_0000L,
                                            SysReg.ICC_SGI1R_EL1.key(),
                                            "ICC_SGI1R_EL1",
                                            true,
                                            1);
                                    t.systemRegister(v, 4, 0xffff, null, false, 0);
                                    t.wfx(v, 0x10, false);
                                    t.wfx(v, 0x10, true);
                                    t.wakeup(v, 12_345, true, true);
                                    t.wakeup(v, 0, false, false);
                                    t.hypercall(v, 0x10, 0x8400_0008L, 0, false);
                                    t.irqLine(vm, -1, 33, true);
                                    t.irqLine(vm, 2, 27, false);
                                    t.interruptPending(vm, 3, 48, true);
                                    t.timer(v, 27, true);
                                    t.unmap(vm, 0x4000_0000L, 0x1000);
                                    t.userspaceExit(v, new Exit.Mmio(0, 4, true, 0));
                                    t.userspaceExit(
                                            v,
                                            new Exit.SystemEvent(Exit.SystemEvent.Type.SHUTDOWN));
                                    t.guestDebug(v, 0x10001);
                                    t.listRegister(v, 3, 0x5000_0000_0000_001bL);
                                    t.tlbi(vm, 7, 0x4000_0000L, 0x1000);
                                    t.tlbi(vm, 7, 0, -1);
                                    t.map(vm, 0x4000_0000L, 0x20_0000L, 0x8020_0000L, true, false);
                                    t.injection(v, 0x200, 0x0200_0000L, 0);
                                })
                        .stream()
                        .map(line -> line.substring(line.indexOf(": ") + 2))
                        .toList();
        assertThat(texts)
                .containsExactly(
                        "kvm_exit: TRAP: HSR_EC: 0x0024 (DABT_LOW), PC: 0x0000000040001000",
                        "kvm_exit: IRQ: HSR_EC: 0x0000 (UNKNOWN), PC: 0x0000000040001000",
                        "kvm_exit: IRQ: HSR_EC: 0x0000 (UNKNOWN), PC: 0x0000000000000000",
                        "kvm_guest_fault: ipa 0x40000000, hsr 0x92000046, hxfar 0xffff0000, pc"
                                + " 0x00000000000010",
                        "kvm_guest_fault: ipa 0, hsr 00000000, hxfar 00000000, pc 0000000000000000",
                        "kvm_access_fault: IPA: 40000000",
                        "kvm_mmio: mmio unsatisfied-read len 4 gpa 0x9000018 val 0x0",
                        "kvm_mmio: mmio read len 4 gpa 0x9000018 val 0x90",
                        "kvm_mmio: mmio write len 8 gpa 0x9000000 val 0xffffffffffffffff",
                        "kvm_mmio_emulate: Emulate MMIO at: 0x0000000040001000 (instr: b8404401,"
                                + " cpsr: 000003c5)",
                        "kvm_sys_access: PC: ffff800080000000 ICC_SGI1R_EL1 (3,0,12,11,5) write",
                        "kvm_sys_access: PC: 4 UNKN (3,7,15,15,7) read",
                        "kvm_wfx_arm64: guest executed wfi at: 0x0000000000000010",
                        "kvm_wfx_arm64: guest executed wfe at: 0x0000000000000010",
                        "kvm_vcpu_wakeup: wait time 12345 ns, polling valid",
                        "kvm_vcpu_wakeup: poll time 0 ns, polling invalid",
                        "kvm_hvc_arm64: HVC at 0x0000000000000010 (r0: 0x0000000084000008, imm: 0x0)",
                        "kvm_irq_line: Inject VGIC SPI interrupt (1), vcpu->idx: 0, num: 33,"
                                + " level: 1",
                        "kvm_irq_line: Inject VGIC PPI interrupt (2), vcpu->idx: 2, num: 27,"
                                + " level: 0",
                        "vgic_update_irq_pending: VCPU: 3, IRQ 48, level: 1",
                        "kvm_timer_update_irq: VCPU: 0, IRQ 27, level 1",
                        "kvm_unmap_hva_range: mmu notifier unmap range: 0x00000040000000 --"
                                + " 0x00000040001000",
                        "kvm_userspace_exit: reason KVM_EXIT_MMIO (6)",
                        "kvm_userspace_exit: reason KVM_EXIT_SYSTEM_EVENT (24)",
                        "kvm_set_guest_debug: vcpu: 1001, flags: 0x00010001",
                        "nido_list_register: LR3 0x500000000000001b",
                        "nido_tlbi: vmid 7, ipa 0x40000000, size 0x1000",
                        "nido_tlbi: vmid 7, all",
                        "nido_map: ipa 0x40000000, size 0x200000, pa 0x80200000, rw-",
                        "nido_inject: pc 0x0000000000000200, esr 0x02000000, far"
                                + " 0x0000000000000000");
    }

    @Test
    void whatIsNoVcpusEventIsTheThreadsThatHasIt() throws Exception {
        Vm vm = vcpus.getFirst().vm();
        List<String> lines =
                lines(trace -> {
                    trace.unmap(vm, 0, 0x1000);
                    trace.entry(vcpus.get(2), 0);
                    trace.unmap(vm, 0, 0x1000);
                    join(Thread.ofPlatform().start(() -> trace.unmap(vm, 0, 0x1000)));
                });
        assertThat(lines)
                .extracting(line -> line.substring(0, line.indexOf('[')).strip())
                .containsExactly("vmm-1000", "kvm-vcpu-2-1003", "kvm-vcpu-2-1003", "vmm-1000");
    }

    @Test
    void numbersAreWrittenAsPrintfWritesThem() throws IOException {
        LineBuffer line = new LineBuffer(1000);
        StringBuilder expected = new StringBuilder();
        for (long value : new long[] {0, 1, 15, 16, 255, -1, Long.MIN_VALUE, Long.MAX_VALUE, -27}) {
            line.decimal(value).text(" ").hex(value, 1).text(" ").hex(value, 16).text(";");
            expected.append(String.format("%d %x %016x;", value, value, value));
        }
        line.begin().decimal(7).padLeft(4).text("|").begin().decimal(7).padRight(4).text("|");
        line.begin().text("too long").padLeft(3).decimal(5, 3);
        expected.append("   7|7   |too long005");
        line.writeTo(file);
        assertThat(file.toString(StandardCharsets.US_ASCII)).isEqualTo(expected.toString());
    }

    @Test
    void linesOfSeveralThreadsAreWhole() throws Exception {
        int each = 20_000;
        List<String> lines =
                lines(trace -> {
                    List<Thread> threads = new ArrayList<>();
                    for (Vcpu vcpu : vcpus) {
                        threads.add(
                                Thread.ofPlatform()
                                        .start(() -> {
                                            for (int i = 0; i < each; i++) {
                                                trace.entry(vcpu, i);
                                            }
                                        }));
                    }
                    threads.forEach(TraceWriterTest::join);
                });
        assertThat(lines).hasSize(each * vcpus.size()).allMatch(l -> LINE.matcher(l).matches());
        for (Vcpu vcpu : vcpus) {
            List<String> own =
                    lines.stream().filter(l -> l.contains("kvm-vcpu-" + vcpu.id() + "-")).toList();
            assertThat(own).hasSize(each);
            assertThat(own.getLast()).endsWith(String.format("0x%016x", each - 1));
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void memoryDoesNotGrowWithTheTrace() throws IOException {
        long[] largest = new long[2];
        OutputStream sink =
                new OutputStream() {
                    @Override
                    public void write(int b) {
                        throw new AssertionError("bytes one by one");
                    }

                    @Override
                    public void write(byte[] bytes, int offset, int length) {
                        largest[0] = Math.max(largest[0], length);
                        largest[1] += length;
                    }
                };
        try (TraceWriter trace = new TraceWriter(sink)) {
            for (int i = 0; i < 100_000; i++) {
                trace.entry(vcpus.get(0), i);
            }
        }
        assertThat(largest[1]).isGreaterThan(5_000_000);
        assertThat(largest[0]).isLessThanOrEqualTo(1 << 18);
    }

    @Test
    void aFullDiskIsSaidAtTheEndAndDoesNotDisturbTheGuest() {
        OutputStream full =
                new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw new IOException("No space left on device");
                    }
                };
        TraceWriter trace = new TraceWriter(full);
        for (int i = 0; i < 100_000; i++) {
            trace.entry(vcpus.get(0), i);
        }
        assertThatThrownBy(trace::close)
                .isInstanceOf(IOException.class)
                .hasMessage("No space left on device");
    }
}
