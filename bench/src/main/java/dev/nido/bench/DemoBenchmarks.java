package dev.nido.bench;

import dev.nido.arch.CpuModel;
import dev.nido.board.BoardConfig;
import dev.nido.board.BoardException;
import dev.nido.board.VirtBoard;
import dev.nido.board.device.ByteSink;
import dev.nido.board.guest.Guest;
import dev.nido.board.guest.GuestCatalogue;
import dev.nido.board.guest.Progress;
import dev.nido.cli.Benchmarks;
import dev.nido.cli.Streams;
import dev.nido.isa.Assembler;
import dev.nido.kvm.nested.Nesting;
import dev.nido.machine.MachineEnd;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code nido bench demo}: what the demo takes under the hypervisor and on the bare machine, and a
 * hypercall of the guest's guest to Debian's KVM. By wall clock: on an idle host.
 */
public final class DemoBenchmarks implements Benchmarks {

    private static final String NAME = "demo";
    static final long ORIGIN = 0x4008_0000L;
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final Pattern TICKS = Pattern.compile("hypercall: (\\d+) ticks");
    private static final String L2_DONE = "L2: init is done";

    @Override
    public List<String> names() {
        return List.of(NAME);
    }

    @Override
    public void run(Streams streams, List<String> names, Path json) throws IOException {
        Map<String, Double> figures = new LinkedHashMap<>();
        PrintStream out = new PrintStream(streams.out(), true, StandardCharsets.UTF_8);
        out.println("what                                        measured     at most");
        try {
            GuestCatalogue catalogue =
                    new GuestCatalogue(GuestCatalogue.defaultCache(), null, Progress.SILENT);
            if (catalogue.list().stream()
                    .noneMatch(e -> e.name().equals(GuestCatalogue.DEMO) && e.fetched())) {
                out.println("demo: not measured; first: nido guest fetch " + GuestCatalogue.DEMO);
                return;
            }
            Guest guest = catalogue.fetch(GuestCatalogue.DEMO);
            byte[] program = Assembler.assemble(source(), ORIGIN).bytes();
            Demo calls = run(guest, true, GuestCatalogue.l2ImageOverlay(program), 1);
            Matcher ticks = TICKS.matcher(calls.l2Text);
            if (!ticks.find()) {
                throw new IOException("L2 said nothing of hypercalls: " + calls.l2Text);
            }
            // The counter has a tick a nanosecond.
            put(
                    out,
                    figures,
                    "hypercall of L2 to Debian's KVM, us",
                    Long.parseLong(ticks.group(1)) / 1e3,
                    100);
            Demo hosted = run(guest, true, new byte[0], 2);
            Demo bare = run(guest, false, new byte[0], 2);
            put(out, figures, "power-on to L2's init, s", hosted.l2Init, 26);
            put(out, figures, "the demo, s", hosted.seconds, 0);
            put(out, figures, "the demo on the bare machine, s", bare.seconds, 0);
            put(
                    out,
                    figures,
                    "the demo / on the bare machine",
                    hosted.seconds / bare.seconds,
                    1.25);
        } catch (BoardException e) {
            throw new IOException(e.getMessage(), e);
        }
        if (json != null) {
            StringJoiner rows = new StringJoiner(",\n  ", "{\n  ", "\n}\n");
            figures.forEach((what, value) -> rows.add("\"%s\": %.4f".formatted(what, value)));
            Files.writeString(json, rows.toString());
        }
    }

    private static void put(
            PrintStream out, Map<String, Double> figures, String what, double value, double limit) {
        figures.put(what, value);
        out.println(
                "%-42s %10.2f  %10s"
                        .formatted(
                                what,
                                value,
                                limit == 0 ? "" : String.format(Locale.ROOT, "%.2f", limit)));
    }

    /** Seconds from power-on to L2's init and to power-off, and what L2 said. */
    private record Demo(double l2Init, double seconds, String l2Text) {}

    private static Demo run(Guest guest, boolean hosted, byte[] overlay, int cpus)
            throws BoardException, IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        long[] init = {0};
        ByteSink l2 =
                (bytes, at, length) -> {
                    text.write(bytes, at, length);
                    if (init[0] == 0
                            && text.toString(StandardCharsets.US_ASCII).contains(L2_DONE)) {
                        init[0] = System.nanoTime();
                    }
                };
        BoardConfig.Builder builder =
                BoardConfig.of(guest.kernel())
                        .initrds(guest.initrds())
                        .initrdOverlay(overlay)
                        .append(guest.append() + " quiet panic=-1")
                        .cpu(CpuModel.parse("default,-e2h0"))
                        .cpus(cpus)
                        .startEl(2)
                        .secondConsole(l2);
        if (hosted) {
            builder.hosting(BoardConfig.Hosting.STANDARD.withNesting(Nesting.NV2));
        }
        long start = System.nanoTime();
        try (VirtBoard board = VirtBoard.create(builder.build())) {
            MachineEnd end = board.run(LIMIT);
            if (!(end instanceof MachineEnd.PoweredOff) || init[0] == 0) {
                throw new IOException("the demo ended with " + end + "; L2 said: " + text);
            }
        }
        return new Demo(
                (init[0] - start) / 1e9,
                (System.nanoTime() - start) / 1e9,
                text.toString(StandardCharsets.US_ASCII));
    }

    static String source() throws IOException {
        try (InputStream in = DemoBenchmarks.class.getResourceAsStream("hypercall.s")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
