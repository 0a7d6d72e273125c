package dev.nido.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.kvm.Tracer;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.stream.Collectors;

/** What a real guest does, and what is told of it. */
class HostedGuestTest {
    /** 100 times: a call, a timer register, a load and a store of the device; then power off. */
    private static final String ROUNDS =
            """
            mov x19, #100
            movz x20, #0x0900, lsl #16
            1: movz w0, #0x8400, lsl #16
            hvc #0
            msr cntv_cval_el0, x19
            ldr w1, [x20]
            str w1, [x20, #4]
            subs x19, x19, #1
            b.ne 1b
            movz w0, #0x8400, lsl #16
            movk w0, #8
            hvc #0
            b .
            """;

    private static final int TIMES = 100;

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void statisticsCountEveryExitOnce(boolean deterministic) {
        ExitStatistics statistics = new ExitStatistics();
        try (HostedProgram guest = new HostedProgram(ROUNDS, deterministic, 1, statistics)) {
            run(guest, deterministic);
            ExitStatistics.PerVcpu figures = statistics.vcpus().getFirst();
            assertThat(figures.count("HVC64")).isEqualTo(TIMES + 1);
            assertThat(figures.count("SYS64")).isEqualTo(TIMES);
            assertThat(guest.deviceAccesses).hasValue(2 * TIMES);
            assertThat(figures.count("DABT_LOW")).isEqualTo(2 * TIMES);
            assertThat(figures.count("IABT_LOW")).isGreaterThanOrEqualTo(1);
            long architectural = figures.exits() - figures.count("KICK");
            assertThat(architectural).isEqualTo(guest.vm.vcpus().getFirst().exits());
            assertThat(figures.guestNanos()).isPositive();
            assertThat(figures.vmmNanos()).isPositive().isLessThan(figures.exitNanos());
            assertThat(figures.rows()).allMatch(row -> row.minNanos() <= row.maxNanos());
        }
    }

    @Test
    void exitsOfSeveralVcpusOnThreadsAreEachTheirOwn() throws InterruptedException {
        // CPU n makes 200 calls and 200 accesses of the device, and switches itself off; CPU 0
        // waits for the others at a counter in memory, and powers off.
        String program =
                """
                mov x21, x0
                mov x19, #200
                movz x20, #0x0900, lsl #16
                movz x22, #0x4010, lsl #16
                1: movz w0, #0x8400, lsl #16
                hvc #0
                str w1, [x20]
                subs x19, x19, #1
                b.ne 1b
                mov w1, #1
                ldadd w1, w2, [x22]
                cbz x21, 2f
                movz w0, #0x8400, lsl #16
                movk w0, #2
                hvc #0
                2: yield
                ldr w2, [x22]
                cmp w2, #4
                b.ne 2b
                movz w0, #0x8400, lsl #16
                movk w0, #8
                hvc #0
                b .
                """;
        ExitStatistics statistics = new ExitStatistics();
        try (HostedProgram guest = new HostedProgram(program, false, 4, statistics)) {
            guest.runOnThreads();
            List<ExitStatistics.PerVcpu> figures = statistics.vcpus();
            assertThat(figures).hasSize(4);
            for (ExitStatistics.PerVcpu figure : figures) {
                assertThat(figure.exits() - figure.count("KICK"))
                        .isEqualTo(guest.vm.vcpus().get(figure.vcpu()).exits());
                assertThat(figure.count("HVC64")).isEqualTo(200 + 1);
                assertThat(figure.count("DABT_LOW")).isGreaterThanOrEqualTo(200);
            }
            assertThat(guest.deviceAccesses).hasValue(4 * 200);
        }
    }

    @Test
    void traceLinesTellTheWholeStoryInOrder() throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        TraceWriter trace = new TraceWriter(file);
        try (HostedProgram guest = new HostedProgram(ROUNDS, true, 1, trace)) {
            guest.runInTurn();
        }
        trace.close();
        List<Matcher> lines = new ArrayList<>();
        file.toString(StandardCharsets.US_ASCII)
                .lines()
                .filter(line -> !line.startsWith("#"))
                .forEach(line -> {
                    Matcher parsed = TraceWriterTest.LINE.matcher(line);
                    assertThat(parsed.matches()).as(line).isTrue();
                    lines.add(parsed);
                });
        Map<String, Long> counts =
                lines.stream()
                        .map(line -> line.group(7))
                        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
        assertThat(counts.get("kvm_hvc_arm64")).isEqualTo(TIMES + 1);
        assertThat(counts.get("kvm_sys_access")).isEqualTo(TIMES);
        // A load that the VMM answers has two lines, a store has one.
        assertThat(counts.get("kvm_mmio")).isEqualTo(3 * TIMES);
        assertThat(counts.get("nido_map")).isBetween(1L, counts.get("kvm_guest_fault"));
        assertThat(counts.get("kvm_entry")).isEqualTo(counts.get("kvm_exit"));
        assertThat(lines)
                .anyMatch(line -> line.group(8).matches("PC: \\p{XDigit}+ CNTV_CVAL_EL0 .* write"));

        // One vCPU: entries and exits take turns, and an exit happened at or after its entry.
        String last = "kvm_exit";
        double time = 0;
        for (Matcher line : lines) {
            double now = Double.parseDouble(line.group(5) + "." + line.group(6));
            assertThat(now).isGreaterThanOrEqualTo(time);
            time = now;
            String event = line.group(7);
            if (event.equals("kvm_entry") || event.equals("kvm_exit")) {
                assertThat(event).isNotEqualTo(last);
                last = event;
            }
        }
    }

    @Test
    void theTraceOfADeterministicRunIsTheSameEachTime() throws IOException {
        assertThat(textOfRun()).isEqualTo(textOfRun());
    }

    private static List<String> textOfRun() throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        TraceWriter trace = new TraceWriter(file);
        try (HostedProgram guest = new HostedProgram(ROUNDS, true, 2, trace)) {
            guest.runInTurn();
        }
        trace.close();
        return file.toString(StandardCharsets.US_ASCII).lines().toList();
    }

    @Test
    void whoListensIsInvisibleToTheGuest() {
        long alone = instructions(null);
        assertThat(instructions(new ExitStatistics())).isEqualTo(alone);
    }

    private static long instructions(Tracer tracer) {
        try (HostedProgram guest = new HostedProgram(ROUNDS, true, 1, tracer)) {
            guest.runInTurn();
            return guest.vm.hypervisor().machine().retired();
        }
    }

    @Test
    void sleepOfAGuestThatWaitsForItsTimerIsCounted() {
        ExitStatistics statistics = new ExitStatistics();
        String program =
                """
                mov x0, #1
                msr icc_igrpen1_el1, x0
                mov x0, #0xff
                msr icc_pmr_el1, x0
                mov x1, #-1
                msr cntv_cval_el0, x1
                mov x0, #1
                msr cntv_ctl_el0, x0
                mrs x1, cntvct_el0
                movz x2, #0x1000, lsl #16
                add x1, x1, x2
                msr cntv_cval_el0, x1
                wfi
                movz w0, #0x8400, lsl #16
                movk w0, #8
                hvc #0
                b .
                """;
        try (HostedProgram guest = new HostedProgram(program, false, 1, statistics)) {
            guest.enablePrivateInterrupt(27);
            guest.run();
        }
        ExitStatistics.PerVcpu figures = statistics.vcpus().getFirst();
        assertThat(figures.count("WFx")).isEqualTo(1);
        assertThat(figures.asleepNanos()).isPositive().isLessThan(figures.exitNanos());
    }

    private static void run(HostedProgram guest, boolean deterministic) {
        if (deterministic) {
            guest.runInTurn();
        } else {
            guest.run();
        }
    }
}
