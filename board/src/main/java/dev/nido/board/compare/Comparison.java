package dev.nido.board.compare;

import dev.nido.board.BoardException;
import dev.nido.board.device.ByteSink;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.kvm.mmu.MemorySlot;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.engine.StreamRecorder;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/**
 * Runs two sides at the same time, on two threads, and tells whether their guests see the same. A
 * first pass compares hashes; if they differ, a second one records fully from the last block on
 * which both agree, and a third stops both at the first record that differs.
 */
public final class Comparison {

    private final Side first;
    private final Side second;
    private long blocks = Long.MAX_VALUE;
    private Duration timeout;
    private ByteSink shown;
    private long leastExits = 1;
    private Consumer<String> progress = line -> {};

    private Comparison(Side first, Side second) {
        this.first = first;
        this.second = second;
    }

    /** A comparison of two machines. */
    public static Comparison of(Side first, Side second) {
        return new Comparison(first, second);
    }

    /** Stops both sides after so many blocks of 2^20 records. */
    public Comparison blocks(long count) {
        blocks = count;
        return this;
    }

    /** Limits each pass, in time of the host's clock. */
    public Comparison timeout(Duration limit) {
        timeout = limit;
        return this;
    }

    /** How often a hosted guest enters the hypervisor at least, if it is what it is said to be. */
    public Comparison leastExits(long count) {
        leastExits = count;
        return this;
    }

    /** Where the first side's console is shown in the first pass. */
    public Comparison console(ByteSink sink) {
        shown = sink;
        return this;
    }

    /** Who is told, in lines for the user, what the comparison does. */
    public Comparison progress(Consumer<String> listener) {
        progress = listener;
        return this;
    }

    /**
     * Runs it.
     *
     * @throws BoardException if a side can't be built
     */
    public Outcome run() throws BoardException, InterruptedException {
        Meeting meeting = new Meeting(blocks);
        long agreed;
        try (Pass pass = new Pass(timeout, shown, (lane, index) -> new Hashes(meeting, index))) {
            Lane a = pass.lanes.get(0);
            Lane b = pass.lanes.get(1);
            List<String> differences = identification(a, b);
            if (!differences.isEmpty()) {
                return new Outcome.Diverged(0, 0, differences);
            }
            pass.run();
            agreed = meeting.agreed();
            boolean same = !meeting.differ() && a.result().equals(b.result());
            boolean late =
                    a.end() instanceof MachineEnd.TimedOut
                            || b.end() instanceof MachineEnd.TimedOut;
            if (same && !late) {
                String other = differenceBesides(a, b);
                if (other != null) {
                    return new Outcome.Diverged(
                            a.result().records(), a.result().instructions(), List.of(other));
                }
                return identical(a, b);
            }
            if (late && !meeting.differ()) {
                return new Outcome.TimedOut(agreed * StreamRecorder.BLOCK);
            }
        }
        progress.accept(
                "the streams differ after record %d; recording from there"
                        .formatted(agreed * StreamRecorder.BLOCK));
        return locate(agreed);
    }

    private Outcome identical(Lane a, Lane b) {
        long exits = 0;
        for (Lane lane : List.of(a, b)) {
            Vm vm = lane.board().vm();
            if (vm == null) {
                continue;
            }
            exits = vm.vcpus().stream().mapToLong(Vcpu::exits).sum();
            if (exits < leastExits) {
                return new Outcome.NotHosted(
                        "%s entered its hypervisor %d times, which is less than %d"
                                .formatted(lane.side().name(), exits, leastExits));
            }
            long same = pageInPlace(vm);
            if (same >= 0) {
                return new Outcome.NotHosted(
                        "%s has its page 0x%x at that physical address"
                                .formatted(lane.side().name(), same));
            }
        }
        return new Outcome.Identical(a.result().instructions(), a.result().hash(), a.end(), exits);
    }

    /** A guest page whose physical address is what the guest thinks; -1 if there is none. */
    private static long pageInPlace(Vm vm) {
        for (MemorySlot slot : vm.slots().all()) {
            for (long at = 0; at < slot.size(); at += HostMemory.PAGE_SIZE) {
                if (slot.memory().find(slot.memoryOffset() + at) == slot.ipa() + at) {
                    return slot.ipa() + at;
                }
            }
        }
        return -1;
    }

    /** Says what both guests see of their computers, and what is not the same. */
    private List<String> identification(Lane a, Lane b) {
        Map<String, Long> one = Identification.of(a.board());
        Map<String, Long> other = Identification.of(b.board());
        StringBuilder list = new StringBuilder("identification:");
        List<String> differences = new ArrayList<>();
        one.forEach((name, value) -> {
            list.append(" %s=%x".formatted(name, value));
            if (!value.equals(other.get(name))) {
                differences.add(
                        "%s is %x on %s and %x on %s"
                                .formatted(
                                        name,
                                        value,
                                        a.side().name(),
                                        other.get(name),
                                        b.side().name()));
            }
        });
        progress.accept(list.toString());
        return differences;
    }

    /** What streams don't show: consoles, and how the guest ended. */
    private static String differenceBesides(Lane a, Lane b) {
        if (!a.end().getClass().equals(b.end().getClass())) {
            return "%s ended with %s, %s with %s"
                    .formatted(a.side().name(), a.end(), b.side().name(), b.end());
        }
        int at = Arrays.mismatch(a.console(), b.console());
        if (at >= 0) {
            return "the consoles differ from byte " + at;
        }
        at = Arrays.mismatch(a.secondConsole(), b.secondConsole());
        return at >= 0 ? "the second consoles differ from byte " + at : null;
    }

    private Outcome locate(long agreed) throws BoardException, InterruptedException {
        List<RecordLog> logs = List.of(new RecordLog(), new RecordLog());
        try (Pass pass =
                new Pass(null, null, (lane, index) -> new Recording(logs.get(index), agreed))) {
            pass.run();
        }
        int difference = RecordLog.firstDifference(logs.get(0), logs.get(1));
        if (difference < 0) {
            return new Outcome.Diverged(
                    agreed * StreamRecorder.BLOCK,
                    0,
                    List.of(
                            "the streams differed in the first pass and not in the second:"
                                    + " a side is not deterministic"));
        }
        long target = agreed * StreamRecorder.BLOCK + difference;
        progress.accept("record %d differs; running up to it".formatted(target));
        List<Snapshot> snapshots = new ArrayList<>();
        long instruction;
        try (Pass pass =
                new Pass(
                        null,
                        null,
                        (lane, index) -> {
                            Snapshot snapshot = new Snapshot(lane, target);
                            snapshots.add(snapshot);
                            return new Stop(snapshot, target);
                        })) {
            pass.run();
            long last = pass.lanes.get(0).result().instructions();
            instruction = snapshots.get(0).isRetired() ? last - 1 : last;
        }
        return new Outcome.Diverged(
                target, instruction, Snapshot.report(snapshots.get(0), snapshots.get(1)));
    }

    /** Both sides from reset, once. */
    private final class Pass implements AutoCloseable {

        private final List<Lane> lanes = new ArrayList<>();

        Pass(Duration limit, ByteSink console, BiFunction<Lane, Integer, Lane.Observer> observers)
                throws BoardException {
            boolean complete = false;
            try {
                // The hypervisor's side first: the other one is made to look like it.
                Lane b = new Lane(second, limit, null);
                lanes.add(b);
                lanes.addFirst(new Lane(first, limit, console));
                for (int i = 0; i < 2; i++) {
                    lanes.get(i).observe(observers.apply(lanes.get(i), i));
                }
                complete = true;
            } finally {
                if (!complete) {
                    close();
                }
            }
        }

        void run() throws InterruptedException {
            for (Lane lane : lanes) {
                lane.start();
            }
            try {
                for (Lane lane : lanes) {
                    lane.join();
                }
            } finally {
                for (Lane lane : lanes) {
                    lane.stopAndWait();
                }
            }
        }

        @Override
        public void close() {
            lanes.forEach(Lane::close);
        }
    }

    /** First pass: exchanges hashes. */
    private record Hashes(Meeting meeting, int index) implements Lane.Observer {
        @Override
        public void block(Lane lane, long count) {
            if (!meeting.arrive(index, lane.recorder().hash())) {
                lane.finish();
            }
        }

        @Override
        public void end(Lane lane) {
            meeting.leave(index, lane.end() instanceof MachineEnd.TimedOut);
        }
    }

    /** Second pass: records the block after those that agree. */
    private record Recording(RecordLog log, long agreed) implements Lane.Observer {
        @Override
        public void begin(Lane lane) {
            block(lane, 0);
        }

        @Override
        public void block(Lane lane, long count) {
            if (count == agreed) {
                lane.listen(log::add);
            } else if (count > agreed) {
                lane.finish();
            }
        }
    }

    /** Third pass: stops at a record and keeps the state. */
    private record Stop(Snapshot snapshot, long target) implements Lane.Observer {
        @Override
        public void begin(Lane lane) {
            lane.board().setTracer(new Exits(snapshot));
            block(lane, 0);
        }

        @Override
        public void block(Lane lane, long count) {
            // So that the last records of the block before are seen too.
            if (count == Math.max(0, target - Snapshot.BEFORE) / StreamRecorder.BLOCK) {
                lane.listen(snapshot);
            }
        }
    }

    /** Third pass: notes what the hypervisor did in between. */
    private record Exits(Snapshot snapshot) implements Tracer {
        @Override
        public void exit(Vcpu vcpu, int ec, long esr, long pc) {
            if (snapshot.isNear()) {
                snapshot.note(
                        ec == Tracer.IRQ
                                ? "  exit for an interrupt at %x".formatted(pc)
                                : "  exit for class 0x%02x, esr %x, at %x".formatted(ec, esr, pc));
            }
        }
    }
}
