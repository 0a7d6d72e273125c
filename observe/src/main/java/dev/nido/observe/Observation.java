package dev.nido.observe;

import dev.nido.kvm.Tracer;

import jdk.jfr.Configuration;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;

import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * All that a user wants to see of one run: opened before the guest starts, finished after it ended.
 */
public final class Observation implements AutoCloseable {
    private final Path statisticsFile;
    private final ExitStatistics statistics;
    private final Path recordingFile;
    private final Recording recording;
    private final JfrTracer events;
    private final Path traceFile;
    private final TraceWriter trace;
    private final Tracer tracer;
    private boolean finished;

    /**
     * Says whether the files of a request can be written, without touching them.
     *
     * @throws ObservationException if one cannot, or two are the same
     */
    public static void check(ObservationRequest request) throws ObservationException {
        List<Path> files = new ArrayList<>();
        Path statistics = statisticsFile(request);
        if (statistics != null) {
            writable("--stat", statistics, files);
        }
        if (request.recording() != null) {
            writable("--record", request.recording(), files);
        }
        if (request.trace() != null) {
            writable("--trace", request.trace(), files);
        }
    }

    /**
     * Opens the files, and starts the recording.
     *
     * @throws ObservationException if that is not possible
     */
    public static Observation open(ObservationRequest request) throws ObservationException {
        check(request);
        return new Observation(request);
    }

    private Observation(ObservationRequest request) throws ObservationException {
        statisticsFile = statisticsFile(request);
        recordingFile = request.recording();
        traceFile = request.trace();
        create("--stat", statisticsFile);
        create("--record", recordingFile);
        statistics = request.statistics() == null ? null : new ExitStatistics();
        events = recordingFile == null && !recordsAnyway() ? null : new JfrTracer();
        trace = traceFile == null ? null : openTrace();
        recording = recordingFile == null ? null : startRecording();
        List<Tracer> members = new ArrayList<>();
        if (statistics != null) {
            // First, so that the others' work at an entry is not in the time of the exit before.
            members.add(statistics);
        }
        if (events != null) {
            members.add(events);
        }
        if (trace != null) {
            members.add(trace);
        }
        tracer = TracerGroup.of(members);
    }

    /**
     * What the hypervisor is to call; null if nothing is wanted and the JVM was not started with a
     * recording of its own.
     */
    public Tracer tracer() {
        return tracer;
    }

    /** What the hypervisor is to call where {@code other} is to hear everything too. */
    public Tracer tracerWith(Tracer other) {
        return tracer == null ? other : TracerGroup.of(List.of(tracer, other));
    }

    /** The statistics, or null. */
    public ExitStatistics statistics() {
        return statistics;
    }

    /**
     * Writes everything out. To be called when no vCPU runs any more; if one does, because the
     * process is about to end, the figures of its last exit may not fit together. Again: no effect.
     *
     * @param standardError gets the statistics that are to go there
     * @throws ObservationException if something could not be written; the rest was
     */
    public synchronized void finish(PrintStream standardError) throws ObservationException {
        if (finished) {
            return;
        }
        finished = true;
        List<ObservationException> failures = new ArrayList<>();
        if (statistics != null) {
            attempt("--stat", statisticsFile, () -> report(standardError), failures);
        }
        if (events != null) {
            events.finish();
        }
        if (recording != null) {
            attempt("--record", recordingFile, this::stopRecording, failures);
        }
        if (trace != null) {
            attempt("--trace", traceFile, trace::close, failures);
        }
        if (!failures.isEmpty()) {
            throw failures.getFirst();
        }
    }

    /** Drops what {@link #finish} has not written. */
    @Override
    public synchronized void close() {
        if (recording != null) {
            recording.close();
        }
        if (trace != null) {
            try {
                trace.close();
            } catch (IOException e) {
                // The run ended with an error of its own, which is the one to be told.
                return;
            }
        }
    }

    private void report(PrintStream standardError) throws IOException {
        List<ExitStatistics.PerVcpu> figures = statistics.vcpus();
        if (statisticsFile == null) {
            standardError.print(ExitReport.text(figures));
            standardError.flush();
            return;
        }
        boolean json = statisticsFile.toString().toLowerCase(Locale.ROOT).endsWith(".json");
        try (Writer out = Files.newBufferedWriter(statisticsFile)) {
            out.write(json ? ExitReport.json(figures) : ExitReport.text(figures));
        }
    }

    private void stopRecording() throws IOException {
        if (recording.getState() == RecordingState.RUNNING) {
            recording.stop();
        }
        recording.close();
    }

    /** Whether the JVM was started with a recording, which then has our events too. */
    private static boolean recordsAnyway() {
        return FlightRecorder.isInitialized()
                && FlightRecorder.getFlightRecorder().getRecordings().stream()
                        .anyMatch(r -> r.getState() == RecordingState.RUNNING);
    }

    private TraceWriter openTrace() throws ObservationException {
        try {
            return new TraceWriter(Files.newOutputStream(traceFile));
        } catch (IOException e) {
            throw refused("--trace", traceFile, e);
        }
    }

    private Recording startRecording() throws ObservationException {
        Map<String, String> settings = new HashMap<>();
        try {
            settings.putAll(Configuration.getConfiguration("default").getSettings());
        } catch (IOException | ParseException e) {
            close();
            throw refused("--record", recordingFile, e);
        }
        Recording started = new Recording();
        try {
            // The flight recorder writes it when it is stopped, also if the process is.
            started.setDestination(recordingFile);
            started.setDumpOnExit(true);
        } catch (IOException e) {
            started.close();
            throw refused("--record", recordingFile, e);
        }
        started.setName("nido");
        started.setSettings(settings);
        for (Class<? extends VcpuEvent> kind : JfrTracer.KINDS) {
            started.enable(kind).withoutThreshold().withoutStackTrace();
        }
        started.start();
        return started;
    }

    private static Path statisticsFile(ObservationRequest request) throws ObservationException {
        String name = request.statistics();
        if (name == null || name.equals(ObservationRequest.STANDARD_ERROR)) {
            return null;
        }
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw new ObservationException("--stat " + name + ": " + e.getReason(), e);
        }
    }

    private static void writable(String option, Path file, List<Path> others)
            throws ObservationException {
        Path folder = file.toAbsolutePath().getParent();
        String why = null;
        if (file.toString().isEmpty()) {
            why = "no file name";
        } else if (Files.isDirectory(file) || folder == null) {
            why = "is a folder";
        } else if (!Files.isDirectory(folder)) {
            why = "there is no folder " + folder;
        } else if (Files.exists(file) ? !Files.isWritable(file) : !Files.isWritable(folder)) {
            why = "cannot be written";
        } else if (others.contains(folder.resolve(file.getFileName()).normalize())) {
            why = "is the file of another option too";
        }
        if (why != null) {
            throw new ObservationException(option + " " + file + ": " + why);
        }
        others.add(folder.resolve(file.getFileName()).normalize());
    }

    /** Makes the file now, so that what prevents it is said before the guest starts. */
    private static void create(String option, Path file) throws ObservationException {
        if (file == null) {
            return;
        }
        try {
            Files.newOutputStream(file).close();
        } catch (IOException e) {
            throw refused(option, file, e);
        }
    }

    private static ObservationException refused(String option, Path file, Exception cause) {
        String why =
                cause instanceof AccessDeniedException ? "cannot be written" : cause.getMessage();
        return new ObservationException(option + " " + file + ": " + why, cause);
    }

    /** A step of the end that may fail. */
    private interface Step {
        void run() throws IOException;
    }

    private static void attempt(
            String option, Path file, Step step, List<ObservationException> failures) {
        try {
            step.run();
        } catch (IOException e) {
            failures.add(refused(option, file, e));
        }
    }
}
