package dev.nido.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.board.guest.InTreeGuest;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Hypervisor;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The board on a virtual machine of the hypervisor. */
class HostedBoardTest {

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int TOGETHER = 16;
    private static final int MEMORY = 64 << 20;

    private static final String POWER_OFF =
            """
            movz w0, #0x8400, lsl #16
            movk w0, #8
            hvc #0
            """;

    @TempDir private Path directory;

    private BoardConfig.Builder program(String source, boolean deterministic) throws Exception {
        byte[] image = Assembler.assemble(source, 0x4008_0000L).bytes();
        return BoardConfig.of(Files.write(directory.resolve("program"), image))
                .memory(16 << 20)
                .deterministic(deterministic)
                .hosting(BoardConfig.Hosting.STANDARD);
    }

    private static MachineEnd run(BoardConfig config, Duration limit) throws Exception {
        try (VirtBoard board = VirtBoard.create(config)) {
            return board.run(limit);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestPowersOffAndItsStatusIsKept(boolean deterministic) throws Exception {
        String source = "ldr x1, =0x90c0000\nmov w0, #42\nstr w0, [x1]\n" + POWER_OFF;
        try (VirtBoard board = VirtBoard.create(program(source, deterministic).build())) {
            assertThat(board.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
            assertThat(board.exitStatus()).hasValue(42);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestThatAsksForResetGetsThatEnd(boolean deterministic) throws Exception {
        String source = "movz w0, #0x8400, lsl #16\nmovk w0, #9\nhvc #0\n";
        assertThat(run(program(source, deterministic).build(), LIMIT))
                .isEqualTo(new MachineEnd.ResetRequested());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestThatSpinsMeetsItsTimeLimit(boolean deterministic) throws Exception {
        assertThat(run(program("b .", deterministic).build(), Duration.ofMillis(200)))
                .isEqualTo(new MachineEnd.TimedOut());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestThatNothingCanWakeIsStuck(boolean deterministic) throws Exception {
        assertThat(run(program("1: wfi\nb 1b", deterministic).build(), LIMIT))
                .isInstanceOf(MachineEnd.Stuck.class);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestThatFaultsForEverAtItsOwnVectorIsStuck(boolean deterministic) throws Exception {
        assertThat(run(program("mov x0, #8\nldr x1, [x0]", deterministic).build(), LIMIT))
                .isInstanceOfSatisfying(
                        MachineEnd.Stuck.class, e -> assertThat(e.why()).contains("vector"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void guestThatWaitsForInputGetsIt(boolean deterministic) throws Exception {
        String source =
                """
                ldr x1, =0x9000000
                ldr x2, =0x90c0000
                mov w5, #0x301
                str w5, [x1, #0x30]
                1: ldr w3, [x1, #0x18]
                tbnz w3, #4, 1b
                ldr w3, [x1]
                str w3, [x2]
                """
                        + POWER_OFF;
        try (VirtBoard board = VirtBoard.create(program(source, deterministic).build())) {
            board.console().receive(new byte[] {'!'}, 0, 1);
            assertThat(board.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
            assertThat(board.exitStatus()).hasValue('!');
        }
    }

    @Test
    void moreCpusThanPesTakeTurns() throws Exception {
        // Each CPU counts itself in; the last one switches off.
        String source =
                """
                adr x19, count
                mov x20, #1
                1: ldr x0, =0xc4000003
                mov x1, x20
                adr x2, second
                hvc #0
                add x20, x20, #1
                cmp x20, #6
                b.lo 1b
                second: adr x19, count
                1: ldxr w0, [x19]
                add w0, w0, #1
                stxr w1, w0, [x19]
                cbnz w1, 1b
                2: ldr w0, [x19]
                cmp w0, #6
                b.ne 2b
                """
                        + POWER_OFF
                        + ".balign 8\ncount: .quad 0\n";
        BoardConfig config =
                program(source, false)
                        .cpus(6)
                        .hosting(new BoardConfig.Hosting(2, 4096, false, false))
                        .build();
        assertThat(run(config, LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
    }

    @Test
    void deterministicCpusHaveTheirOwnPes() throws Exception {
        BoardConfig config =
                program("b .", true)
                        .cpus(2)
                        .hosting(new BoardConfig.Hosting(1, 4096, false, false))
                        .build();
        assertThatThrownBy(() -> VirtBoard.create(config))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("--pes 1");
    }

    /** How many times all of them are started; the long form is set by the environment. */
    private static int rounds() {
        String text = System.getenv("NIDO_VM_ROUNDS");
        return text == null ? 3 : Integer.parseInt(text);
    }

    @Test
    void sixteenVmsAtOnceSayWhatTheyShouldAndLeaveNothingBehind() throws Exception {
        Path image = Files.write(directory.resolve("hello"), InTreeGuest.HELLO.assemble());
        try (HostedMachine host =
                        HostedMachine.create(CpuModel.defaultModel(), 3, (long) TOGETHER * MEMORY);
                ExecutorService threads = Executors.newFixedThreadPool(TOGETHER)) {
            Hypervisor hypervisor = host.hypervisor();
            long pages = hypervisor.memory().usedPages();
            int vmids = hypervisor.vmids().used();
            for (int round = 0; round < rounds(); round++) {
                List<Callable<String>> runs = new ArrayList<>();
                for (int i = 0; i < TOGETHER; i++) {
                    runs.add(() -> hello(image, host));
                }
                for (Future<String> said : threads.invokeAll(runs)) {
                    assertThat(said.get()).isEqualTo("Hello from EL1.\n");
                }
                assertThat(hypervisor.memory().usedPages()).isEqualTo(pages);
                assertThat(hypervisor.vmids().used()).isEqualTo(vmids);
                assertThat(Thread.getAllStackTraces().keySet())
                        .noneMatch(t -> t.getName().startsWith("nido-vcpu"));
            }
        }
    }

    private static String hello(Path image, HostedMachine host) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BoardConfig config =
                BoardConfig.of(image)
                        .memory(MEMORY)
                        .cpus(2)
                        .hosting(BoardConfig.Hosting.STANDARD)
                        .console(out::write)
                        .build();
        try (VirtBoard board = VirtBoard.create(config, host)) {
            assertThat(board.run(LIMIT)).isEqualTo(new MachineEnd.PoweredOff());
        }
        return out.toString(StandardCharsets.US_ASCII);
    }
}
