package dev.nido.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.bench.TrapProgram.Column;
import dev.nido.bench.TrapProgram.Operation;
import dev.nido.board.BoardConfig;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.EnumMap;
import java.util.Map;

class TrapBenchmarksTest {

    /**
     * What Linux 7.2 as the lower hypervisor needs: 26 with a hypervisor without VHE, 5.5 with one
     * that has it, 6.6 for a device in it, 29 for one in its user space.
     */
    @ParameterizedTest
    @CsvSource({
        "HYPERCALL, NV2, 26",
        "HYPERCALL, NV2_VHE, 5.5",
        "DEVICE, NV2_VHE, 6.6",
        "USER, NV2_VHE, 29"
    })
    void anOperationExitsNoMoreOftenThanUnderLinux(Operation operation, Column column, double most)
            throws Exception {
        assertThat(TrapBenchmarks.sum(TrapProgram.exits(column, operation), false))
                .isPositive()
                .isLessThanOrEqualTo(most);
    }

    @ParameterizedTest
    @EnumSource(Column.class)
    void anInterruptThatTheGuestsGuestHasIsAcknowledgedAndEndedWithoutAnExit(Column column)
            throws Exception {
        assertThat(TrapProgram.exits(column, Operation.EOI)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Column.class)
    void neitherHypervisorNorGuestSeesThatThereIsOneBelow(Column column) throws Exception {
        BoardConfig.Hosting hosting = BoardConfig.Hosting.STANDARD.withNesting(column.nesting);
        for (Operation operation : Operation.values()) {
            assertThat(TrapProgram.run(column, operation, 6, hosting, null))
                    .as(operation.text)
                    .isEqualTo(TrapProgram.run(column, operation, 6, null, null));
        }
    }

    @Test
    void everyExitHasAName() throws Exception {
        assertThat(TrapProgram.exits(Column.NV2_VHE, Operation.HYPERCALL))
                .containsOnlyKeys("L2 HVC", "L1 ERET", "L1 MRS MDSCR_EL1", "L1 MSR MDSCR_EL1");
    }

    @Test
    void anExitThatIsForwardedIsPartOfAHypercall() throws Exception {
        ForwardedExits exits = ForwardedExits.measure(Column.NV2_VHE, 50, 200);
        assertThat(exits.nanos()).isPositive();
        assertThat(exits.median()).isPositive();
        assertThat(exits.hypercallNanos()).isGreaterThan(exits.median());
    }

    @Test
    void theTableHasARowForEachOperationAndTimersApart() {
        Map<Operation, Map<Column, Map<String, Double>>> all = new EnumMap<>(Operation.class);
        for (Operation operation : Operation.values()) {
            Map<Column, Map<String, Double>> row = new EnumMap<>(Column.class);
            for (Column column : Column.values()) {
                row.put(column, Map.of("L2 HVC", 1.0, "L1 MSR CNTHCTL_EL2", 2.0));
            }
            all.put(operation, row);
        }
        assertThat(TrapBenchmarks.text(all))
                .containsPattern("hypercall +1.000 \\+ 2.00 +1.000 \\+ 2.00 +1.000")
                .contains("virtual EOI, NV2+VHE:\n", "   2.000  L1 MSR CNTHCTL_EL2\n");
        assertThat(TrapBenchmarks.json(all))
                .contains("\"hypercall, NV\": {\"exits\": 1.000, \"timers\": 2.000, \"named\": {");
    }
}
