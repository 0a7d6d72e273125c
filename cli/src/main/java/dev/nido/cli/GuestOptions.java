package dev.nido.cli;

import dev.nido.board.BoardConfig;
import dev.nido.board.guest.Guest;
import dev.nido.board.guest.GuestCatalogue;

import picocli.CommandLine.Option;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The options that say what is started; {@code run} and {@code compare} share them. */
final class GuestOptions {
    @Option(
            names = {"-k", "--kernel"},
            paramLabel = "FILE",
            description = "Linux Image (also gzip), ELF, or a raw binary.")
    Path kernel;

    @Option(
            names = {"-i", "--initrd"},
            paramLabel = "FILE",
            description = "Initial file system.")
    Path initrd;

    @Option(
            names = {"-p", "--append"},
            paramLabel = "STR",
            description = "Kernel command line.")
    String append;

    @Option(
            names = "--dtb",
            paramLabel = "FILE",
            description = "Device tree instead of the board's own.")
    Path dtb;

    @Option(names = "--firmware", paramLabel = "FILE", description = "Firmware in flash (later).")
    Path firmware;

    @Option(
            names = "--guest",
            paramLabel = "NAME",
            description = "A guest of the catalogue; see: nido guest list.")
    String guest;

    @Option(
            names = "--exec",
            paramLabel = "CMD",
            description =
                    "Run CMD in a Linux guest of the catalogue, then power off; status 7 if it failed.")
    String exec;

    /** Refuses what this version cannot start, and combinations that make no sense. */
    void check(String command) {
        if (firmware != null) {
            throw Refusal.later("--firmware");
        }
        if (guest == null && kernel == null) {
            throw new Refusal(command + ": what? give --kernel FILE or --guest NAME");
        }
        if (guest != null && (kernel != null || initrd != null)) {
            throw new Refusal(
                    "--guest "
                            + guest
                            + ": brings its own kernel and initrd; drop --kernel and --initrd");
        }
        if (exec != null && guest == null) {
            throw new Refusal("--exec: only with --guest");
        }
        readable("--kernel", kernel);
        readable("--initrd", initrd);
        readable("--dtb", dtb);
    }

    /**
     * A board for that guest, which is fetched if need be.
     *
     * @param watched whether somebody sees the console: where nobody looks, a panic must end the
     *     run, not stay on the screen for ever
     */
    BoardConfig.Builder builder(Streams streams, boolean watched) {
        return guest == null ? ownKernel() : catalogueGuest(streams, watched);
    }

    private BoardConfig.Builder ownKernel() {
        BoardConfig.Builder builder = BoardConfig.of(kernel).dtb(dtb);
        if (initrd != null) {
            builder.initrds(List.of(initrd));
        }
        return builder.append(append == null ? "" : append);
    }

    private BoardConfig.Builder catalogueGuest(Streams streams, boolean watched) {
        Guest found = GuestCommand.fetch(streams, guest);
        if (exec != null && found.initrds().isEmpty()) {
            throw new Refusal("--exec: guest " + guest + " is no Linux and runs no commands");
        }
        String line =
                found.append()
                        + (exec == null ? "" : " quiet")
                        + (watched || found.initrds().isEmpty() ? "" : " panic=-1")
                        + (append == null ? "" : " " + append);
        BoardConfig.Builder builder =
                BoardConfig.of(found.kernel()).initrds(found.initrds()).append(line).dtb(dtb);
        if (exec != null) {
            builder.initrdOverlay(GuestCatalogue.execOverlay(exec));
        }
        return builder;
    }

    private static void readable(String option, Path file) {
        if (file == null) {
            return;
        }
        if (!Files.exists(file)) {
            throw new Refusal(option + " " + file + ": no such file");
        }
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new Refusal(option + " " + file + ": cannot be read");
        }
    }
}
