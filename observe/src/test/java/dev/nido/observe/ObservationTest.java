package dev.nido.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.Esr;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;

import jdk.jfr.FlightRecorder;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

class ObservationTest {
    @TempDir Path folder;

    private final ByteArrayOutputStream error = new ByteArrayOutputStream();

    private String run(ObservationRequest request) throws ObservationException {
        try (Vcpus machine = new Vcpus();
                Observation observation = Observation.open(request)) {
            Vcpu v = machine.create(1).getFirst();
            Tracer tracer = observation.tracer();
            for (int i = 0; i < 5; i++) {
                tracer.entry(v, 0x4008_0000L + 4 * i);
                tracer.exit(v, Esr.EC_HVC, Esr.of(Esr.EC_HVC, true, 0), 0x4008_0004L + 4 * i);
            }
            observation.finish(new PrintStream(error, true, StandardCharsets.UTF_8));
        }
        return error.toString(StandardCharsets.UTF_8);
    }

    @Test
    void allThreeHearOfEveryExit() throws Exception {
        Path json = folder.resolve("exits.json");
        Path jfr = folder.resolve("run.jfr");
        Path text = folder.resolve("trace.txt");
        String said = run(new ObservationRequest(json.toString(), jfr, text));
        assertThat(said).isEmpty();
        assertThat(Files.readString(json)).contains("\"reason\": \"HVC64\", \"count\": 5,");
        assertThat(Files.readAllLines(text).stream().filter(l -> l.contains(": kvm_exit: ")))
                .hasSize(5);
        assertThat(
                        RecordingFile.readAllEvents(jfr).stream()
                                .filter(e -> e.getEventType().getName().endsWith("GuestExit")))
                .hasSize(5);
        assertThat(FlightRecorder.getFlightRecorder().getRecordings()).isEmpty();
    }

    @Test
    void statisticsGoToStandardErrorIfNoFileIsNamed() throws Exception {
        String said = run(new ObservationRequest(ObservationRequest.STANDARD_ERROR, null, null));
        assertThat(said).startsWith("vCPU 0: 5 exits").contains("HVC64          5   100.00%");
    }

    @Test
    void statisticsAreTextUnlessTheFileEndsInJson() throws Exception {
        Path file = folder.resolve("exits.txt");
        run(new ObservationRequest(file.toString(), null, null));
        assertThat(Files.readString(file)).startsWith("vCPU 0: 5 exits");
    }

    @Test
    void finishingAgainSaysNothingMore() throws Exception {
        try (Observation observation =
                Observation.open(
                        new ObservationRequest(ObservationRequest.STANDARD_ERROR, null, null))) {
            observation.finish(new PrintStream(error, true, StandardCharsets.UTF_8));
            observation.finish(new PrintStream(error, true, StandardCharsets.UTF_8));
        }
        assertThat(error.toString(StandardCharsets.UTF_8)).isEqualTo("no vCPU entered a guest\n");
    }

    @Test
    void nobodyListensIfNothingIsWanted() throws Exception {
        ObservationRequest nothing = new ObservationRequest(null, null, null);
        assertThat(nothing.isEmpty()).isTrue();
        try (Observation observation = Observation.open(nothing)) {
            assertThat(observation.tracer()).isNull();
            observation.finish(System.err);
        }
    }

    @Test
    void aRecordingThatTheJvmWasStartedWithHasTheEventsToo() throws Exception {
        Path file = folder.resolve("jvm.jfr");
        try (Recording ofTheJvm = new Recording()) {
            ofTheJvm.start();
            run(new ObservationRequest(null, null, null));
            ofTheJvm.stop();
            ofTheJvm.dump(file);
        }
        assertThat(
                        RecordingFile.readAllEvents(file).stream()
                                .filter(e -> e.getEventType().getName().endsWith("GuestExit")))
                .hasSize(5);
    }

    @Test
    void filesThatCannotBeWrittenAreRefused() throws Exception {
        Path readOnly = Files.createFile(folder.resolve("used"));
        refused(new ObservationRequest(folder.toString(), null, null), "--stat", "is a folder");
        refused(new ObservationRequest(null, folder, null), "--record", "is a folder");
        refused(
                new ObservationRequest(null, null, folder.resolve("none/trace")),
                "--trace",
                "there is no folder");
        refused(
                new ObservationRequest(null, null, readOnly.resolve("trace")),
                "--trace",
                "there is no folder");
        refused(new ObservationRequest("a\0b", null, null), "--stat", "Nul character");
        refused(new ObservationRequest("", null, null), "--stat", "no file name");
        refused(
                new ObservationRequest(readOnly.toString(), null, folder.resolve("./used")),
                "--trace",
                "is the file of another option too");
        assertThat(folder.toFile().list()).containsExactly("used");
    }

    private static void refused(ObservationRequest request, String option, String why) {
        assertThatThrownBy(() -> Observation.check(request))
                .isInstanceOf(ObservationException.class)
                .hasMessageStartingWith(option)
                .hasMessageContaining(why);
        assertThatThrownBy(() -> Observation.open(request))
                .isInstanceOf(ObservationException.class);
    }
}
