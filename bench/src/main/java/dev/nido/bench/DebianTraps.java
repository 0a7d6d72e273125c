package dev.nido.bench;

import dev.nido.arch.Esr;
import dev.nido.bench.TrapProgram.Column;
import dev.nido.board.BoardConfig;
import dev.nido.board.BoardException;
import dev.nido.board.VirtBoard;
import dev.nido.board.guest.Guest;
import dev.nido.board.guest.GuestCatalogue;
import dev.nido.board.guest.Progress;
import dev.nido.isa.Assembler;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.machine.MachineEnd;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/**
 * Exits of one hypercall of L2 with Debian's KVM as L1: the mean of many, with what L1 does beside
 * them (its timer's tick above all).
 */
final class DebianTraps {

    private static final Duration LIMIT = Duration.ofMinutes(15);
    private static final int FIRST = 5_000;
    private static final int CALLS = 20_000;

    private DebianTraps() {}

    static boolean isFetched() {
        return catalogue().list().stream()
                .anyMatch(e -> e.name().equals(GuestCatalogue.DEMO) && e.fetched());
    }

    private static GuestCatalogue catalogue() {
        return new GuestCatalogue(GuestCatalogue.defaultCache(), null, Progress.SILENT);
    }

    /** Exits by name, each for one hypercall. */
    static Map<String, Double> exits(Column column) throws IOException {
        Counter counter = new Counter();
        try {
            Guest guest = catalogue().fetch(GuestCatalogue.DEMO);
            byte[] program =
                    Assembler.assemble(DemoBenchmarks.source(), DemoBenchmarks.ORIGIN).bytes();
            BoardConfig config =
                    BoardConfig.of(guest.kernel())
                            .initrds(guest.initrds())
                            .initrdOverlay(GuestCatalogue.l2ImageOverlay(program))
                            .append(guest.append() + " quiet panic=-1")
                            .cpu(column.cpu())
                            .startEl(2)
                            .secondConsole((bytes, at, length) -> {})
                            .hosting(BoardConfig.Hosting.STANDARD.withNesting(column.nesting))
                            .build();
            try (VirtBoard board = VirtBoard.create(config)) {
                board.setTracer(counter);
                MachineEnd end = board.run(LIMIT);
                if (!(end instanceof MachineEnd.PoweredOff)) {
                    throw new IOException("Debian as L1 ended with " + end);
                }
            }
        } catch (BoardException e) {
            throw new IOException(e.getMessage(), e);
        }
        Map<String, Double> each = new TreeMap<>();
        counter.exits.forEach((name, count) -> {
            double mean = count / (double) CALLS;
            if (mean >= 0.01) {
                each.put(name, mean);
            }
        });
        return each;
    }

    /** Counts from one hypercall of L2 to another. */
    private static final class Counter implements Tracer {
        private final Map<String, Integer> exits = new TreeMap<>();
        private int calls;

        @Override
        public void exit(Vcpu vcpu, int ec, long esr, long pc) {
            if (ec == Esr.EC_HVC && TrapProgram.isGuest(vcpu)) {
                calls++;
            }
            if (ec != KICK) {
                count(vcpu, ec, esr);
            }
        }

        @Override
        public void fastExit(Vcpu vcpu, int ec, long esr, long pc) {
            count(vcpu, ec, esr);
        }

        private void count(Vcpu vcpu, int ec, long esr) {
            if (calls > FIRST && calls <= FIRST + CALLS) {
                exits.merge(TrapProgram.name(vcpu, ec, esr), 1, Integer::sum);
            }
        }
    }
}
