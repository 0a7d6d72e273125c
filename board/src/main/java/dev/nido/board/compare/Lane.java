package dev.nido.board.compare;

import dev.nido.board.BoardException;
import dev.nido.board.VirtBoard;
import dev.nido.board.device.ByteSink;
import dev.nido.machine.MachineEnd;
import dev.nido.machine.engine.StreamRecorder;

import java.io.ByteArrayOutputStream;
import java.time.Duration;

/** One side's run in one pass, on a thread of its own. */
final class Lane implements AutoCloseable {

    /** What looks at a lane's records. */
    interface Observer {

        /** The board is complete and has not run yet. */
        default void begin(Lane lane) {}

        /** A block of records is complete. */
        default void block(Lane lane, long blocks) {}

        /** The run is over; the board is still there. */
        default void end(Lane lane) {}
    }

    /**
     * A stream from its beginning to its end.
     *
     * @param records how many
     * @param instructions how many of them are instructions
     * @param hash over all of them
     */
    record Result(long records, long instructions, String hash) {
        private Result(StreamRecorder recorder) {
            this(recorder.records(), recorder.instructions(), recorder.hash());
        }
    }

    private final Side side;
    private final Duration timeout;
    private final StreamRecorder recorder = new StreamRecorder(null);
    private final ByteArrayOutputStream console = new ByteArrayOutputStream();
    private final ByteArrayOutputStream secondConsole = new ByteArrayOutputStream();
    private final VirtBoard board;
    private Observer observer;
    private Thread thread;
    private StreamRecorder.Listener listener;
    private Result result;
    private MachineEnd end;
    private Throwable failure;

    /**
     * Builds the board.
     *
     * @param timeout of the host's clock, or null
     * @param shown where the console goes besides, or null
     */
    Lane(Side side, Duration timeout, ByteSink shown) throws BoardException {
        this.side = side;
        this.timeout = timeout;
        ByteSink sink = console::write;
        ByteSink both =
                (bytes, at, length) -> {
                    console.write(bytes, at, length);
                    shown.write(bytes, at, length);
                };
        board =
                VirtBoard.create(
                        side.config()
                                .withConsoles(
                                        shown == null ? sink : both,
                                        side.config().secondConsole() == null
                                                ? null
                                                : secondConsole::write),
                        recorder);
    }

    /** Sets who looks at the records; before {@link #start}. */
    void observe(Observer who) {
        observer = who;
    }

    Side side() {
        return side;
    }

    VirtBoard board() {
        return board;
    }

    StreamRecorder recorder() {
        return recorder;
    }

    /** Sets what takes each record from now on, after what disturbs the side. */
    void listen(StreamRecorder.Listener next) {
        listener = next;
        Disturbance disturbance = side.disturbance();
        if (disturbance == null) {
            recorder.setListener(next);
        } else {
            recorder.setListener((words, length) -> {
                if (listener != null) {
                    listener.record(words, length);
                }
                disturbance.after(recorder.records() - 1, recorder.pe(), words, length);
            });
        }
    }

    /**
     * The stream is complete with the record in hand: on the thread that runs the board. The engine
     * may execute a few more instructions; nobody looks at them.
     */
    void finish() {
        if (result == null) {
            result = new Result(recorder);
            recorder.setListener(null);
            recorder.setCheckpoint(null);
        }
        stop();
    }

    /** Ends the run. */
    private void stop() {
        board.end(new MachineEnd.Stopped());
    }

    /** What became of the stream. */
    Result result() {
        return result;
    }

    void start() {
        thread = Thread.ofPlatform().name("nido-compare-" + side.name()).unstarted(this::run);
        thread.setDaemon(true);
        thread.setUncaughtExceptionHandler((t, e) -> failure = e);
        thread.start();
    }

    private void run() {
        try {
            if (side.disturbance() != null) {
                side.disturbance().begin(board);
            }
            listen(null);
            recorder.setCheckpoint(r -> observer.block(this, r.records() / StreamRecorder.BLOCK));
            observer.begin(this);
            end = board.run(timeout);
            if (result == null) {
                result = new Result(recorder);
            }
        } finally {
            observer.end(this);
        }
    }

    /** Waits for the end. What the run threw is thrown here. */
    void join() throws InterruptedException {
        thread.join();
        if (failure instanceof RuntimeException e) {
            throw e;
        } else if (failure instanceof Error e) {
            throw e;
        }
    }

    /** Ends the run if it has not ended, and waits for that. */
    void stopAndWait() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            stop();
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    MachineEnd end() {
        return end;
    }

    byte[] console() {
        return console.toByteArray();
    }

    byte[] secondConsole() {
        return secondConsole.toByteArray();
    }

    @Override
    public void close() {
        board.close();
    }
}
