package dev.nido.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/** What is told of a vCPU with a virtual EL2. */
class NestedStatisticsTest {
    private static final long PC = 0x4008_0000L;
    private static final long EL0 = 0;
    private static final long EL1H = 5;
    private static final long EL2H = 9;

    private Vcpus machine;
    private Vcpu vcpu;
    private long now = 1000;
    private final ExitStatistics statistics = new ExitStatistics(() -> now);

    @BeforeEach
    void create() {
        machine = new Vcpus();
        vcpu = machine.createNested(1).getFirst();
    }

    @AfterEach
    void close() {
        machine.close();
    }

    /** From entry to entry, with an exit in between. */
    private void round(long pstate, int ec, Runnable handling) {
        statistics.entry(vcpu, PC);
        now += 100;
        vcpu.setPstate(pstate);
        statistics.exit(vcpu, ec, 0, PC);
        now += 10;
        handling.run();
        statistics.entry(vcpu, PC);
    }

    private ExitStatistics.Row row(GuestLevel level, String reason) {
        return statistics.vcpus().getFirst().rows().stream()
                .filter(r -> r.level() == level && r.reason().equals(reason))
                .findFirst()
                .orElseThrow();
    }

    private static void nothing() {}

    private void injected(int offset) {
        statistics.nestedException(vcpu, offset, 0);
    }

    @Test
    void exitsAreCountedByWhoExecuted() {
        round(EL2H, Esr.EC_SYSTEM, NestedStatisticsTest::nothing);
        round(EL1H, Esr.EC_SYSTEM, NestedStatisticsTest::nothing);
        round(EL0, Esr.EC_SYSTEM, NestedStatisticsTest::nothing);
        vcpu.writeSys(SysReg.HCR_EL2, HcrEl2.TGE | HcrEl2.E2H);
        round(EL0, Esr.EC_SYSTEM, NestedStatisticsTest::nothing);
        ExitStatistics.PerVcpu figures = statistics.vcpus().getFirst();
        assertThat(figures.exits(GuestLevel.L1_EL2)).isEqualTo(1);
        assertThat(figures.exits(GuestLevel.L1_EL0)).isEqualTo(1);
        assertThat(figures.exits(GuestLevel.L2)).isEqualTo(2);
        assertThat(figures.exits(GuestLevel.GUEST)).isZero();
        assertThat(figures.count("SYS64")).isEqualTo(4);
    }

    @Test
    void anExitThatEndsInASynchronousExceptionWasForwarded() {
        round(EL1H, Esr.EC_HVC, () -> injected(Tracer.SYNCHRONOUS));
        round(EL1H, Esr.EC_HVC, NestedStatisticsTest::nothing);
        assertThat(row(GuestLevel.L2, "HVC64").count()).isEqualTo(2);
        assertThat(row(GuestLevel.L2, "HVC64").forwarded()).isEqualTo(1);
        assertThat(row(GuestLevel.L2, "HVC64").meanForwardedNanos()).isEqualTo(10);
        assertThat(statistics.vcpus().getFirst().forwarded(GuestLevel.L2)).isEqualTo(1);
    }

    @Test
    void anInterruptIsForwardedWhereOneEndedTheRun() {
        round(EL1H, Tracer.IRQ, () -> injected(Tracer.VIRTUAL_IRQ));
        // The fault is the hypervisor's; the interrupt came meanwhile.
        round(EL1H, Esr.EC_DATA_ABORT, () -> injected(Tracer.VIRTUAL_IRQ));
        assertThat(row(GuestLevel.L2, "IRQ").forwarded()).isEqualTo(1);
        assertThat(row(GuestLevel.L2, "DABT_LOW").forwarded()).isZero();
        assertThat(statistics.vcpus().getFirst().nested().interrupts()).isEqualTo(2);
    }

    @Test
    void exitsHandledOnTheSpotAreApart() {
        vcpu.setPstate(EL2H);
        statistics.entry(vcpu, PC);
        statistics.fastExit(vcpu, Esr.EC_ERET, 0, PC);
        statistics.fastExit(vcpu, Esr.EC_SYSTEM, 0, PC);
        statistics.fastExit(vcpu, Esr.EC_SYSTEM, 0, PC);
        ExitStatistics.PerVcpu figures = statistics.vcpus().getFirst();
        assertThat(figures.exits()).isZero();
        assertThat(figures.fast(GuestLevel.L1_EL2)).isEqualTo(3);
        assertThat(row(GuestLevel.L1_EL2, "SYS64").fast()).isEqualTo(2);
    }

    @Test
    void whatWasDoneForTheHypervisorIsCounted() {
        everything(statistics);
        assertThat(statistics.vcpus().getFirst().nested())
                .isEqualTo(new NestedFigures(1, 1, 1, 1, 2, 1, 1, 1, 2, 1, 1));
    }

    private void everything(Tracer t) {
        vcpu.setPstate(EL1H);
        vcpu.setPc(PC);
        vcpu.writeSys(SysReg.HCR_EL2, 0x8000_0001L);
        t.nestedReturn(vcpu, 0x4010_0000L, 0x3c5);
        t.nestedException(vcpu, Tracer.SYNCHRONOUS, 0x5a00_0000L);
        t.nestedException(vcpu, Tracer.VIRTUAL_IRQ, 0);
        t.forwardedAccess(vcpu, SysReg.ACTLR_EL1.key(), true);
        t.timerMap(vcpu, 28, 26, 27, 30);
        t.timerMap(vcpu, 27, 30, -1, -1);
        long timer = 0x60a0_001b_0000_001bL;
        long device = 0x90a0_0000_0000_0021L;
        t.shadowListRegisters(
                vcpu, 2, new long[] {timer, device}, new long[] {timer | 1L << 32, device});
        t.shadowListRegistersPut(vcpu, 1, new long[] {device});
        t.linkedInterruptEnded(vcpu, 3, timer, 27);
        t.shadowContext(vcpu, 0x1_0000_8000_0000L, 0x19, false);
        t.shadowContext(vcpu, 0x2_0000_8000_0000L, 0x19, true);
        t.shadowFault(vcpu, 0x4000_0000L, 0x8000_0000L, false);
        t.shadowFault(vcpu, 0x5000_0000L, -1, true);
        t.nestedTlbi(vcpu, 1 << 14 | 4 << 11 | 8 << 7 | 7 << 3 | 6, 0, false);
        t.nestedTlbi(vcpu, 1 << 14 | 4 << 11 | 8 << 7 | 3 << 3 | 1, 0x4000, true);
        t.fastExit(vcpu, Esr.EC_ERET, 0x6a00_0000L, PC);
    }

    private List<String> lines(Consumer<Tracer> events) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        TraceWriter trace = new TraceWriter(file, () -> now);
        events.accept(trace);
        trace.close();
        return file.toString(StandardCharsets.US_ASCII)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.substring(line.indexOf(": ") + 2))
                .toList();
    }

    @Test
    void eventsHaveTheTextOfKvmsTracepoints() throws IOException {
        assertThat(lines(this::everything))
                .containsExactly(
                        "kvm_nested_eret: elr_el2: 0x40100000 spsr_el2: 0x000003c5 (M: EL1h)"
                                + " hcr_el2: 80000001",
                        "kvm_inject_nested_exception: SYNC: esr_el2 0x5a000000 elr_el2: 0x40080000"
                                + " spsr_el2: 0x00000005 (M: EL1h) hcr_el2: 80000001",
                        "kvm_inject_nested_exception: IRQ: esr_el2 0x0 elr_el2: 0x40080000"
                                + " spsr_el2: 0x00000005 (M: EL1h) hcr_el2: 80000001",
                        "kvm_forward_sysreg_trap: 40080000 R (3,0,1,0,1)",
                        "kvm_get_timer_map: VCPU: 0, dv: 2, dp: 3, ev: 1, ep: 0",
                        "kvm_get_timer_map: VCPU: 0, dv: 1, dp: 0, ev: -1, ep: -1",
                        "vgic_create_shadow_lrs: nr_lr: 2",
                        "HW: 1 P: 1: A: 0 vINTID:    27 pINTID:    27 (   27)",
                        "HW: 0 P: 0: A: 1 vINTID:    33 pINTID:     0 (    0)",
                        "vgic_put_nested: nr_lr: 1",
                        "HW: 0 P: 0: A: 1 vINTID:    33 pINTID:     0",
                        "vgic_nested_hw_emulate: lr: 3 LR 60a0001b0000001b L1 INTID: 27",
                        "nido_shadow_context: vttbr_el2 0x1000080000000, vtcr_el2 0x19, new",
                        "nido_shadow_context: vttbr_el2 0x2000080000000, vtcr_el2 0x19, recycled",
                        "nido_shadow_fault: L2 ipa 0x40000000, L1 ipa 0x80000000, mapped",
                        "nido_shadow_fault: L2 ipa 0x50000000, to L1",
                        "nido_nested_tlbi: TLBI VMALLS12E1 (1,4,8,7,6) 0x0",
                        "nido_nested_tlbi: TLBI VAE2IS (1,4,8,3,1) 0x4000, on the spot",
                        "nido_fast_exit: TRAP: HSR_EC: 0x001a (ERET), PC: 0x0000000040080000");
    }

    @Test
    void aListRegisterHasALineOfItsOwnBelowItsEvent() throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        try (TraceWriter trace = new TraceWriter(file, () -> now)) {
            trace.shadowListRegistersPut(vcpu, 1, new long[] {0xf0a0_001b_0000_001bL});
        }
        assertThat(file.toString(StandardCharsets.US_ASCII))
                .endsWith(
                        "vgic_put_nested: nr_lr: 1\n"
                                + " ".repeat(50)
                                + "LR[ 0]: HW: 1 P: 1: A: 1 vINTID:    27 pINTID:    27\n");
    }

    @Test
    void textAndJsonTellTheLevelsApart() {
        round(EL2H, Esr.EC_ERET, NestedStatisticsTest::nothing);
        round(EL1H, Esr.EC_HVC, () -> injected(Tracer.SYNCHRONOUS));
        statistics.fastExit(vcpu, Esr.EC_ERET, 0, PC);
        assertThat(ExitReport.text(statistics.vcpus()))
                .contains(
                        "  L1 vEL2: 1 exits, 0 of them forwarded to L1, and 0 on the spot\n",
                        "  L2: 1 exits, 1 of them forwarded to L1, and 1 on the spot\n",
                        "  for L1: 0 ERETs, 1 exceptions, 0 interrupts, 0 TLBIs of which 0 on the"
                                + " spot\n",
                        "\n        L1 vEL2 ERET          1 ",
                        "\n            L2 HVC64          1 ")
                .containsPattern("VM-EXIT .* Total time  Forwarded  On the spot\n");
        assertThat(ExitReport.json(statistics.vcpus()))
                .contains(
                        "{\"level\": \"L2\", \"reason\": \"HVC64\", \"count\": 1,",
                        "\"forwarded\": 1, \"forwardedNanos\": 10, \"fast\": 0}",
                        "\"nested\": {\"returns\": 0, \"exceptions\": 1,");
    }

    @Test
    void severalVcpusAreSummedByLevel() {
        round(EL2H, Esr.EC_ERET, NestedStatisticsTest::nothing);
        round(EL1H, Esr.EC_ERET, NestedStatisticsTest::nothing);
        List<ExitStatistics.PerVcpu> one = statistics.vcpus();
        ExitStatistics.PerVcpu sum = ExitStatistics.sum(List.of(one.getFirst(), one.getFirst()));
        assertThat(sum.exits(GuestLevel.L1_EL2)).isEqualTo(2);
        assertThat(sum.exits(GuestLevel.L2)).isEqualTo(2);
    }

    @Test
    void countingAllocatesNothing() {
        var threads =
                (com.sun.management.ThreadMXBean)
                        java.lang.management.ManagementFactory.getThreadMXBean();
        long[] registers = new long[16];
        vcpu.setPstate(EL1H);
        long bytes = Long.MAX_VALUE;
        for (int round = 0; round < 20 && bytes != 0; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 10_000; i++) {
                statistics.entry(vcpu, PC);
                statistics.exit(vcpu, Esr.EC_HVC, 0, PC);
                statistics.nestedException(vcpu, 0, 0);
                statistics.fastExit(vcpu, Esr.EC_ERET, 0, PC);
                statistics.shadowListRegisters(vcpu, 16, registers, registers);
            }
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(bytes).isZero();
    }
}
