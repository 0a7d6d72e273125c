package dev.nido.cli;

import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

/** The entry of the {@code nido} command. */
public final class Main {
    private Main() {}

    /** Runs a command and ends the process with its status. */
    public static void main(String[] args) {
        Streams streams = Streams.ofProcess();
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            HostTerminal.restoreAll();
            streams.say(describe(failure) + " (thread " + thread.getName() + ")");
            Runtime.getRuntime().halt(ExitStatus.INTERNAL.code());
        });
        int status = execute(streams, args);
        // A device or console thread may still wait for input: the command is over, so is the
        // process.
        System.exit(status);
    }

    /**
     * Runs one command.
     *
     * @return the exit status, see {@link ExitStatus}
     */
    public static int execute(Streams streams, String... args) {
        return commandLine(streams).execute(args);
    }

    static CommandLine commandLine(Streams streams) {
        CommandLine line = new CommandLine(new NidoCommand());
        line.addSubcommand("run", new RunCommand(streams));
        line.addSubcommand("demo", new DemoCommand(streams));
        line.addSubcommand("compare", new CompareCommand(streams));
        line.addSubcommand("guest", new GuestCommand(streams));
        line.addSubcommand("bench", new BenchCommand(streams, benchmarks()));
        line.addSubcommand("disasm", new DisasmCommand(streams));
        line.addSubcommand("inspect", new LaterCommand("inspect"));
        line.setOut(new PrintWriter(streams.out(), true, StandardCharsets.UTF_8));
        line.setErr(new PrintWriter(streams.err(), true, StandardCharsets.UTF_8));
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setOverwrittenOptionsAllowed(false);
        line.setUsageHelpAutoWidth(false);
        line.setParameterExceptionHandler((failure, arguments) -> refuse(streams, failure));
        line.setExecutionExceptionHandler((failure, command, result) -> {
            if (failure instanceof Refusal) {
                streams.say(failure.getMessage());
                return ExitStatus.REFUSED.code();
            }
            streams.say(describe(failure));
            if (System.getenv("NIDO_STACK_TRACE") != null) {
                failure.printStackTrace(streams.err());
            }
            return ExitStatus.INTERNAL.code();
        });
        return line;
    }

    private static int refuse(Streams streams, ParameterException failure) {
        String command = failure.getCommandLine().getCommandSpec().qualifiedName();
        streams.say(oneLine(failure.getMessage()) + " (see: " + command + " --help)");
        return ExitStatus.REFUSED.code();
    }

    private static List<Benchmarks> benchmarks() {
        List<Benchmarks> found = new ArrayList<>();
        ServiceLoader.load(Benchmarks.class).forEach(found::add);
        return found;
    }

    /** One line about a failure that is ours: what, where, and how to report it. */
    static String describe(Throwable failure) {
        if (failure instanceof OutOfMemoryError) {
            return "the host has not enough memory: " + oneLine(failure.getMessage());
        }
        StackTraceElement[] stack = failure.getStackTrace();
        String where =
                stack.length == 0
                        ? ""
                        : " at " + stack[0].getClassName() + ":" + stack[0].getLineNumber();
        String what = failure.getMessage() == null ? "" : ": " + failure.getMessage();
        return "internal error, please report it with the command line and what NIDO_STACK_TRACE=1 adds: "
                + oneLine(failure.getClass().getSimpleName() + what + where);
    }

    static String oneLine(String text) {
        return text == null ? "" : text.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
