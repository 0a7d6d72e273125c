package dev.nido.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

class ExitStatisticsTest {
    private static final long PC = 0x4008_0000L;

    private static Vcpus machine;
    private static List<Vcpu> vcpus;

    private long now = 1_000;
    private final ExitStatistics statistics = new ExitStatistics(() -> now);

    @BeforeAll
    static void create() {
        machine = new Vcpus();
        vcpus = machine.create(2);
    }

    @AfterAll
    static void close() {
        machine.close();
    }

    private void round(Vcpu vcpu, int inGuest, int ec, int handling) {
        statistics.entry(vcpu, PC);
        now += inGuest;
        statistics.exit(vcpu, ec, Esr.of(Math.max(ec, 0), true, 0), PC);
        now += handling;
    }

    @Test
    void timeOfAnExitIsFromTheExitToTheNextEntry() {
        round(vcpus.get(0), 100, Esr.EC_HVC, 7);
        round(vcpus.get(0), 50, Esr.EC_HVC, 13);
        round(vcpus.get(0), 50, Tracer.IRQ, 1);
        statistics.entry(vcpus.get(0), PC);

        ExitStatistics.PerVcpu figures = statistics.vcpus().getFirst();
        assertThat(figures.guestNanos()).isEqualTo(200);
        assertThat(figures.exitNanos()).isEqualTo(21);
        assertThat(figures.exits()).isEqualTo(3);
        assertThat(figures.rows())
                .containsExactly(
                        plain("HVC64", 2, 20, 7, 13, 2, 0), plain("IRQ", 1, 1, 1, 1, 1, 0));
        assertThat(figures.rows().getFirst().meanNanos()).isEqualTo(10);
    }

    private static ExitStatistics.Row plain(
            String reason, long count, long nanos, long min, long max, long timed, long vmm) {
        return new ExitStatistics.Row(
                GuestLevel.GUEST, reason, count, nanos, min, max, timed, vmm, 0, 0, 0);
    }

    @Test
    void exitWithoutAnEntryAfterItCountsAndHasNoTime() {
        round(vcpus.get(0), 100, Esr.EC_HVC, 7);
        ExitStatistics.Row row = statistics.vcpus().getFirst().rows().getFirst();
        assertThat(row).isEqualTo(plain("HVC64", 1, 0, 0, 0, 0, 0));
        assertThat(row.meanNanos()).isZero();
    }

    @Test
    void timeOfTheVmmIsPartOfTheExitThatCalledIt() {
        round(vcpus.get(0), 100, Esr.EC_DATA_ABORT, 3);
        statistics.userspaceExit(vcpus.get(0), new Exit.Mmio(0x900_0000, 4, false, 0));
        now += 40;
        round(vcpus.get(0), 100, Esr.EC_DATA_ABORT, 5);
        statistics.entry(vcpus.get(0), PC);
        assertThat(statistics.vcpus().getFirst().rows())
                .containsExactly(plain("DABT_LOW", 2, 48, 5, 43, 2, 40));
        assertThat(statistics.vcpus().getFirst().vmmNanos()).isEqualTo(40);
    }

    @Test
    void sleepIsPartOfTheExitThatItFollows() {
        // A vCPU that waits to be switched on, and one whose sleep nobody ends, are in no exit.
        statistics.wakeup(vcpus.get(0), 10_000, true, true);
        round(vcpus.get(0), 1, Esr.EC_WFX, 500);
        statistics.wakeup(vcpus.get(0), 490, true, true);
        round(vcpus.get(0), 1, Esr.EC_WFX, 900);
        statistics.wakeup(vcpus.get(0), 890, true, false);
        assertThat(statistics.vcpus().getFirst().asleepNanos()).isEqualTo(490);
    }

    @ParameterizedTest
    @CsvSource({
        "0x00, UNKNOWN",
        "0x01, WFx",
        "0x07, FP_ASIMD",
        "0x15, SVC64",
        "0x16, HVC64",
        "0x17, SMC64",
        "0x18, SYS64",
        "0x1a, ERET",
        "0x20, IABT_LOW",
        "0x24, DABT_LOW",
        "0x2f, SERROR",
        "0x30, BREAKPT_LOW",
        "0x32, SOFTSTP_LOW",
        "0x34, WATCHPT_LOW",
        "0x3c, BRK64",
        "0x3f, 0x3f",
        "-1, IRQ",
        "-2, SERROR",
        "-3, IL",
        "-4, KICK"
    })
    void reasonsHaveTheNamesThatKvmGivesThem(int ec, String name) {
        round(vcpus.get(0), 1, ec, 1);
        assertThat(statistics.vcpus().getFirst().rows().getFirst().reason()).isEqualTo(name);
    }

    @Test
    void vcpusAreApartAndOrdered() {
        List<Vcpu> others = machine.create(1);
        round(vcpus.get(1), 1, Esr.EC_HVC, 1);
        round(vcpus.get(0), 1, Esr.EC_WFX, 1);
        round(others.get(0), 1, Esr.EC_SYSTEM, 1);
        assertThat(statistics.vcpus())
                .extracting(ExitStatistics.PerVcpu::vm, ExitStatistics.PerVcpu::vcpu)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(0, 0),
                        org.assertj.core.groups.Tuple.tuple(0, 1),
                        org.assertj.core.groups.Tuple.tuple(1, 0));
    }

    @Test
    void randomExitsAreCountedAsAMapCountsThem() {
        SplittableRandom random = new SplittableRandom(11);
        Map<String, Long> model = new HashMap<>();
        Map<String, Long> times = new HashMap<>();
        for (int i = 0; i < 100_000; i++) {
            int v = random.nextInt(2);
            int ec = random.nextInt(-4, 64);
            int time = random.nextInt(1, 1000);
            round(vcpus.get(v), random.nextInt(1, 100), ec, time);
            statistics.entry(vcpus.get(v), PC);
            String key = v + ExitReason.name(ExitReason.of(ec));
            model.merge(key, 1L, Long::sum);
            times.merge(key, (long) time, Long::sum);
        }
        Map<String, Long> counted = new HashMap<>();
        Map<String, Long> timed = new HashMap<>();
        for (ExitStatistics.PerVcpu v : statistics.vcpus()) {
            for (ExitStatistics.Row row : v.rows()) {
                counted.merge(v.vcpu() + row.reason(), row.count(), Long::sum);
                timed.merge(v.vcpu() + row.reason(), row.nanos(), Long::sum);
            }
        }
        assertThat(counted).isEqualTo(model);
        assertThat(timed).isEqualTo(times);
    }

    @Test
    void anExitAllocatesNothing() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        LongSupplier allocated = threads::getCurrentThreadAllocatedBytes;
        Exit exit = new Exit.Mmio(0, 4, false, 0);
        long bytes = Long.MAX_VALUE;
        // The first rounds warm up; one that allocates nothing proves that exits need not.
        for (int round = 0; round < 20 && bytes != 0; round++) {
            long before = allocated.getAsLong();
            for (int i = 0; i < 10_000; i++) {
                statistics.entry(vcpus.get(0), PC);
                statistics.exit(vcpus.get(0), Esr.EC_HVC, 0, PC);
                statistics.userspaceExit(vcpus.get(0), exit);
            }
            bytes = allocated.getAsLong() - before;
        }
        assertThat(bytes).isZero();
    }

    @Test
    void textHasTheColumnsOfPerf() {
        round(vcpus.get(0), 1_000_000, Esr.EC_DATA_ABORT, 1_500);
        round(vcpus.get(0), 1_000_000, Esr.EC_DATA_ABORT, 2_500);
        round(vcpus.get(0), 1_000_000, Esr.EC_WFX, 12_000);
        statistics.entry(vcpus.get(0), PC);
        assertThat(ExitReport.text(statistics.vcpus()))
                .isEqualTo(
                        """
                        vCPU 0: 3 exits, 0.003000 s in the guest, 0.000016 s in exits, of which 0.000000 s in the VMM, 0.000000 s asleep

                                     VM-EXIT    Samples  Samples%     Time%    Min Time    Max Time      Avg time      Total time

                                         WFx          1    33.33%    75.00%     12.00us     12.00us      12.000us         12.00us
                                    DABT_LOW          2    66.67%    25.00%      1.50us      2.50us       2.000us          4.00us

                        Total Samples:3, Total events handled time:16.00us.

                        """);
    }

    @Test
    void severalVcpusAreSummedAtTheEnd() {
        round(vcpus.get(0), 100, Esr.EC_HVC, 7);
        round(vcpus.get(1), 100, Esr.EC_HVC, 9);
        round(vcpus.get(1), 100, Esr.EC_HVC, 2);
        round(vcpus.get(1), 100, Tracer.IRQ, 1);
        vcpus.forEach(v -> statistics.entry(v, PC));
        ExitStatistics.PerVcpu sum = ExitStatistics.sum(statistics.vcpus());
        // The first vCPU's exit lasted while the second ran.
        assertThat(sum.count("HVC64")).isEqualTo(3);
        assertThat(sum.count("IRQ")).isEqualTo(1);
        assertThat(sum.guestNanos()).isEqualTo(400);
        assertThat(sum.exitNanos())
                .isEqualTo(
                        statistics.vcpus().stream()
                                .mapToLong(ExitStatistics.PerVcpu::exitNanos)
                                .sum());
        assertThat(sum.rows().getFirst().minNanos()).isEqualTo(2);
        assertThat(sum.rows().getFirst().maxNanos()).isEqualTo(319);
        assertThat(ExitReport.text(statistics.vcpus()))
                .contains("vCPU 0: 1 exits", "vCPU 1: 3 exits", "all 2 vCPUs: 4 exits");
    }

    @Test
    void jsonHoldsEveryFigure() {
        round(vcpus.get(0), 100, Esr.EC_HVC, 7);
        round(vcpus.get(0), 100, Esr.EC_HVC, 8);
        statistics.entry(vcpus.get(0), PC);
        assertThat(ExitReport.json(statistics.vcpus()))
                .isEqualTo(
                        """
                        {"vcpus": [
                          {"vm": 0, "vcpu": 0, "exits": 2, "guestNanos": 200, "exitNanos": 15, "vmmNanos": 0, "asleepNanos": 0,
                            "reasons": [
                              {"reason": "HVC64", "count": 2, "timed": 2, "nanos": 15, "minNanos": 7, "maxNanos": 8, "vmmNanos": 0, "meanNanos": 7.5, "countShare": 1.000000, "timeShare": 1.000000}]}]}
                        """);
    }

    @Test
    void nothingThatRanIsSaidSo() {
        assertThat(ExitReport.text(statistics.vcpus())).isEqualTo("no vCPU entered a guest\n");
        assertThat(ExitReport.json(statistics.vcpus())).isEqualTo("{\"vcpus\": []}\n");
    }
}
