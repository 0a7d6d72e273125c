package dev.nido.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code nido run}: starts a guest and stays until it ends. */
@Command(description = "Run a guest; the console is standard input and output.")
final class RunCommand implements Callable<Integer> {
    private final Streams streams;

    @Option(
            names = {"-k", "--kernel"},
            paramLabel = "FILE",
            description = "Linux Image (also gzip), ELF, or a raw binary.")
    private Path kernel;

    @Option(names = {"-i", "--initrd"}, paramLabel = "FILE", description = "Initial file system.")
    private Path initrd;

    @Option(names = {"-p", "--append"}, paramLabel = "STR", description = "Kernel command line.")
    private String append;

    @Option(names = "--dtb", paramLabel = "FILE", description = "Device tree instead of the board's own.")
    private Path dtb;

    @Option(names = "--firmware", paramLabel = "FILE", description = "Firmware in flash (later).")
    private Path firmware;

    @Option(names = "--guest", paramLabel = "NAME", description = "A guest of the catalogue; see: nido guest list.")
    private String guest;

    @Option(
            names = "--exec",
            paramLabel = "CMD",
            description = "Run CMD in a Linux guest of the catalogue, then power off; status 7 if it failed.")
    private String exec;

    @Mixin private MachineOptions machine;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help and exit.")
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
            throw new Refusal("--guest " + guest + ": brings its own kernel and initrd; drop --kernel and --initrd");
        }
        if (exec != null && guest == null) {
            throw new Refusal("--exec: only with --guest");
        }
        readable("--kernel", kernel);
        readable("--initrd", initrd);
        readable("--dtb", dtb);
        throw Refusal.later("run");
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
