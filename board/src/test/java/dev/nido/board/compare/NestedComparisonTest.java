package dev.nido.board.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.CpuModel;
import dev.nido.arch.SysReg;
import dev.nido.board.BoardConfig;
import dev.nido.board.guest.InTreeGuest;
import dev.nido.board.guest.Matryoshka;
import dev.nido.kvm.nested.Nesting;
import dev.nido.machine.MachineEnd;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;

/**
 * No in-tree guest hypervisor can tell the hypervisor from the machine, nor can what it runs: over
 * FEAT_NV and FEAT_NV2, with every kind of HCR_EL2.E2H.
 */
class NestedComparisonTest {

    /** Without HCR_EL2.E2H = 0 they go in circles, on any machine. */
    private static final Set<InTreeGuest> NEED_E2H_0 =
            EnumSet.of(InTreeGuest.PROBE_DEBUG, InTreeGuest.PROBE_TRAP);

    @TempDir private Path directory;

    /** What hardware the hypervisor uses, and what E2H may be: as `--nested` and `--e2h` say it. */
    private enum Variant {
        NV_ANY(Nesting.NV, "default"),
        NV2_VHE(Nesting.NV2, "default,-e2h0"),
        NV2_NVHE(Nesting.NV2, "default,-vhe");

        private final Nesting nesting;
        private final String cpu;

        Variant(Nesting nesting, String cpu) {
            this.nesting = nesting;
            this.cpu = cpu;
        }
    }

    static Stream<Arguments> runs() {
        return Stream.of(InTreeGuest.values())
                .flatMap(g -> Stream.of(Variant.values()).map(v -> Arguments.of(g, v)))
                .filter(a -> a.get()[1] != Variant.NV2_VHE || !NEED_E2H_0.contains(a.get()[0]))
                // EL0 with TGE=1 and no E2H has SCTLR_EL1's controls here, and SCTLR_EL2's there.
                .filter(a ->
                        a.get()[1] != Variant.NV2_NVHE || a.get()[0] != InTreeGuest.PROBE_TRAP);
    }

    private Outcome.Identical compare(byte[] image, String cpu, Nesting nesting, int cpus)
            throws Exception {
        Path file = Files.write(directory.resolve("image"), image);
        BoardConfig.Builder builder =
                BoardConfig.of(file)
                        .cpu(CpuModel.parse(cpu))
                        .cpus(cpus)
                        .memory(512 << 20)
                        .startEl(2)
                        .deterministic(true);
        BoardConfig bare = builder.build();
        BoardConfig hosted =
                builder.hosting(BoardConfig.Hosting.STANDARD.withNesting(nesting)).build();
        Outcome outcome =
                Comparison.of(new Side("bare", bare), new Side("hosted", hosted))
                        .timeout(Duration.ofSeconds(60))
                        .run();
        if (outcome instanceof Outcome.Diverged d) {
            assertThat(String.join("\n", d.report())).isEmpty();
        }
        assertThat(outcome).isInstanceOf(Outcome.Identical.class);
        return (Outcome.Identical) outcome;
    }

    @ParameterizedTest(name = "{0} over {1}")
    @MethodSource("runs")
    void hypervisorBelowAHypervisorIsInvisible(InTreeGuest guest, Variant variant)
            throws Exception {
        Outcome.Identical outcome = compare(guest.assemble(), variant.cpu, variant.nesting, 1);
        assertThat(outcome.exits()).isPositive();
        if (variant != Variant.NV2_VHE) {
            assertThat(outcome.end()).isEqualTo(new MachineEnd.PoweredOff());
        }
    }

    @ParameterizedTest(name = "over {0}")
    @CsvSource({"NV_ANY", "NV2_NVHE"})
    void nothingIsSeenOnTwoCpus(Variant variant) throws Exception {
        byte[] image = InTreeGuest.PROBE_IRQ.assemble();
        assertThat(compare(image, variant.cpu, variant.nesting, 2).exits()).isPositive();
    }

    @ParameterizedTest(name = "{0} levels")
    @CsvSource({"1, 50", "2, 200", "3, 600", "4, 2000", "5, 6000"})
    void hypervisorThatRunsItselfSeesNothingBelow(int depth, long exits) throws Exception {
        Outcome.Identical outcome =
                compare(Matryoshka.image(depth), "default,-e2h0,+nv2", Nesting.NV2, 1);
        assertThat(outcome.end()).isEqualTo(new MachineEnd.PoweredOff());
        assertThat(outcome.exits()).isGreaterThan(exits);
    }

    /** A hypervisor with larger pages has no stage 2 with smaller ones for its guests' guests. */
    @Test
    void hypervisorsWithLargerPagesAreInvisibleToo() throws Exception {
        Path file = Files.write(directory.resolve("image"), InTreeGuest.PROBE_STATE.assemble());
        BoardConfig.Builder builder =
                BoardConfig.of(file)
                        .cpu(CpuModel.parse("default,-vhe"))
                        .memory(512 << 20)
                        .startEl(2)
                        .deterministic(true);
        BoardConfig hosted =
                builder.hosting(new BoardConfig.Hosting(0, 16384, false, false, Nesting.NV2))
                        .build();
        BoardConfig bare = builder.hosting(null).cpu(hosted.shownCpu()).build();
        long mmfr0 = bare.shownCpu().idRegister(SysReg.ID_AA64MMFR0_EL1);
        assertThat(mmfr0 >>> 40 & 15).as("TGran4_2").isEqualTo(1);
        Outcome outcome =
                Comparison.of(new Side("bare", bare), new Side("hosted", hosted))
                        .timeout(Duration.ofSeconds(60))
                        .run();
        assertThat(outcome).isInstanceOf(Outcome.Identical.class);
    }
}
