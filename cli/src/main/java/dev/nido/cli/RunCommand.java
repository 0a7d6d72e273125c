package dev.nido.cli;

import dev.nido.board.BoardConfig;
import dev.nido.board.guest.Guest;
import dev.nido.board.guest.GuestCatalogue;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/** {@code nido run}: starts a guest and stays until it ends. */
@Command(description = "Run a guest; the console is standard input and output.")
final class RunCommand implements Callable<Integer> {
    private final Streams streams;

    @Option(
            names = {"-k", "--kernel"},
            paramLabel = "FILE",
            description = "Linux Image (also gzip), ELF, or a raw binary.")
    private Path kernel;

    @Option(
            names = {"-i", "--initrd"},
            paramLabel = "FILE",
            description = "Initial file system.")
    private Path initrd;

    @Option(
            names = {"-p", "--append"},
            paramLabel = "STR",
            description = "Kernel command line.")
    private String append;

    @Option(
            names = "--dtb",
            paramLabel = "FILE",
            description = "Device tree instead of the board's own.")
    private Path dtb;

    @Option(names = "--firmware", paramLabel = "FILE", description = "Firmware in flash (later).")
    private Path firmware;

    @Option(
            names = "--guest",
            paramLabel = "NAME",
            description = "A guest of the catalogue; see: nido guest list.")
    private String guest;

    @Option(
            names = "--exec",
            paramLabel = "CMD",
            description =
                    "Run CMD in a Linux guest of the catalogue, then power off; status 7 if it failed.")
    private String exec;

    @Mixin private MachineOptions machine;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean help;

    RunCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        machine.check();
        if (firmware != null) {
            throw Refusal.later("--firmware");
        }
        if (guest == null && kernel == null) {
            throw new Refusal("run: what? give --kernel FILE or --guest NAME");
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
        BoardConfig.Builder builder = guest == null ? ownKernel() : catalogueGuest();
        machine.apply(builder);
        try (GuestConsole console = GuestConsole.open(streams)) {
            GuestRun run = new GuestRun(streams, machine);
            // A user who says reboot wants one; to a script, and to a hash, a restart is an end.
            boolean restart = exec == null && console.interactive() && !machine.deterministic;
            ExitStatus status = run.run(builder, console, restart);
            if (exec != null && status == ExitStatus.OK) {
                status = execStatus(run.reported());
            }
            run.sayHash();
            return status.code();
        }
    }

    private BoardConfig.Builder ownKernel() {
        BoardConfig.Builder builder = BoardConfig.of(kernel).dtb(dtb);
        if (initrd != null) {
            builder.initrds(List.of(initrd));
        }
        return builder.append(append == null ? "" : append);
    }

    private BoardConfig.Builder catalogueGuest() {
        Guest found = GuestCommand.fetch(streams, guest);
        if (exec != null && found.initrds().isEmpty()) {
            throw new Refusal("--exec: guest " + guest + " is no Linux and runs no commands");
        }
        // Where nobody looks, a panic must end the run, not stay on the screen for ever.
        boolean watched =
                exec == null
                        && streams.process()
                        && HostTerminal.isTerminal(HostTerminal.STANDARD_INPUT);
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

    private ExitStatus execStatus(OptionalInt reported) {
        if (reported.isEmpty()) {
            streams.say("--exec: the guest powered off and reported no status of the command");
            return ExitStatus.EXEC_FAILED;
        }
        if (reported.getAsInt() != 0) {
            streams.say("--exec: the command ended with status " + reported.getAsInt());
            return ExitStatus.EXEC_FAILED;
        }
        return ExitStatus.OK;
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
