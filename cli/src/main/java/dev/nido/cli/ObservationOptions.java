package dev.nido.cli;

import dev.nido.observe.Observation;
import dev.nido.observe.ObservationException;
import dev.nido.observe.ObservationRequest;

import picocli.CommandLine.Option;

import java.nio.file.Path;

/** The options that show what the hypervisor does. */
final class ObservationOptions {
    @Option(
            names = "--stat",
            paramLabel = "FILE",
            arity = "0..1",
            fallbackValue = ObservationRequest.STANDARD_ERROR,
            description =
                    "Exit statistics at the end, on standard error or in FILE (.json: as JSON).")
    private String stat;

    @Option(
            names = "--record",
            paramLabel = "FILE.jfr",
            description = "Record the hypervisor's events for JDK Mission Control.")
    private Path record;

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            description = "Write the hypervisor's events as lines, under KVM's names.")
    private Path trace;

    /**
     * Refuses files that cannot be written.
     *
     * @param hosted whether there is a hypervisor to observe
     */
    void check(boolean hosted) {
        if (!hosted && !request().isEmpty()) {
            String option = stat != null ? "--stat" : record != null ? "--record" : "--trace";
            throw new Refusal(option + ": in bare mode there is no hypervisor to observe");
        }
        try {
            Observation.check(request());
        } catch (ObservationException e) {
            throw new Refusal(Main.oneLine(e.getMessage()));
        }
    }

    /** Opens the files; from here on they are there. */
    Observation open() {
        try {
            return Observation.open(request());
        } catch (ObservationException e) {
            throw new Refusal(Main.oneLine(e.getMessage()));
        }
    }

    private ObservationRequest request() {
        return new ObservationRequest(stat, record, trace);
    }
}
