package dev.nido.board.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Debian's package tool, used without touching the system: all its state is in one directory of
 * ours, the list of installed packages is empty, and nothing is ever installed. The host's sources
 * and keyrings are used as they are, so that what is fetched is what the host's owner trusts, with
 * signatures checked.
 */
public final class PackageTool {

    private static final int TAIL = 4;
    private static final String OFFLINE = "guests hello and nest need none";

    private final Path state;
    private final String architecture;
    private final Path programs;
    private final Progress progress;
    private boolean configured;

    /**
     * @param state directory for lists and archives; created when missing
     * @param architecture Debian's name of it, such as {@code arm64}
     * @param programs directory of {@code apt-get} and its kin, or null for those on the PATH
     */
    public PackageTool(Path state, String architecture, Path programs, Progress progress) {
        this.state = state;
        this.architecture = architecture;
        this.programs = programs;
        this.progress = progress;
    }

    /** Fetches the package lists. */
    public void update() throws GuestUnavailableException {
        run("fetch the package lists", "apt-get", "-q", "-o", "APT::Status-Fd=1", "update");
        try (Stream<Path> lists = Files.list(state.resolve("state/lists"))) {
            if (lists.noneMatch(l -> l.toString().contains("_Packages"))) {
                throw new GuestUnavailableException(
                        "no package list for %s could be fetched; check the network and the sources in /etc/apt; %s"
                                .formatted(architecture, OFFLINE));
            }
        } catch (IOException e) {
            throw new GuestUnavailableException("cannot read " + state + ": " + e.getMessage(), e);
        }
    }

    /** The first package that {@code name} depends on whose name starts with {@code prefix}. */
    public String dependency(String name, String prefix) throws GuestUnavailableException {
        for (String line :
                run(
                        "look up " + name,
                        "apt-cache",
                        "depends",
                        "--no-recommends",
                        "--no-suggests",
                        name)) {
            String[] words = line.strip().split("\\s+");
            if (words.length == 2 && words[0].equals("Depends:") && words[1].startsWith(prefix)) {
                return words[1];
            }
        }
        throw new GuestUnavailableException(
                "package %s of the configured sources depends on no %s*; is this distribution's kernel named differently?"
                        .formatted(name, prefix));
    }

    /** Fetches just these packages. */
    public List<Path> download(String... packages) throws GuestUnavailableException {
        return fetch("download", List.of(), packages);
    }

    /** Fetches these packages and everything that they depend on. */
    public List<Path> closure(String... packages) throws GuestUnavailableException {
        return fetch("install", List.of("-y", "--download-only"), packages);
    }

    private List<Path> fetch(String verb, List<String> options, String... packages)
            throws GuestUnavailableException {
        String what = "fetch " + String.join(", ", packages);
        List<String> list =
                new ArrayList<>(List.of("apt-get", "-q", "-o", "APT::Get::Print-URIs=true"));
        list.addAll(options);
        list.add(verb);
        list.addAll(List.of(packages));
        TreeSet<String> names = new TreeSet<>();
        for (String line : run(what, list.toArray(new String[0]))) {
            // 'URI' file size hash
            String[] words = line.split(" ");
            if (line.startsWith("'") && words.length >= 3 && words[1].endsWith(".deb")) {
                names.add(words[1]);
            }
        }
        if (names.isEmpty()) {
            throw new GuestUnavailableException("the package tool named no file to " + what);
        }
        List<String> real = new ArrayList<>(List.of("apt-get", "-q", "-o", "APT::Status-Fd=1"));
        real.addAll(options);
        real.add(verb);
        real.addAll(List.of(packages));
        run(what, real.toArray(new String[0]));
        List<Path> files = new ArrayList<>();
        for (String name : names) {
            Path file = archives().resolve(name);
            if (!Files.exists(file)) {
                throw new GuestUnavailableException(
                        "the package tool did not leave %s; check the network and free disk space"
                                .formatted(file));
            }
            files.add(file);
        }
        return files;
    }

    private Path archives() {
        return state.resolve("cache/archives");
    }

    private Path program(String name) {
        return programs == null ? Path.of(name) : programs.resolve(name);
    }

    private void configure() throws GuestUnavailableException {
        if (configured) {
            return;
        }
        try {
            Files.createDirectories(state.resolve("state/lists/partial"));
            Files.createDirectories(archives().resolve("partial"));
            Files.createDirectories(state.resolve("parts"));
            Files.writeString(state.resolve("status"), "");
            // The host's hooks must not run and its clean-up rules must not apply: of its
            // configuration only how to reach the sources is taken over.
            List<String> acquire =
                    start(
                            "read the package tool's configuration",
                            false,
                            "apt-config",
                            "dump",
                            "Acquire");
            StringBuilder text = new StringBuilder();
            for (String line : acquire) {
                if (line.startsWith("Acquire::") && !line.startsWith("Acquire::Languages")) {
                    text.append(line).append('\n');
                }
            }
            text.append(
                    """
                    Dir::State "%1$s/state";
                    Dir::State::status "%1$s/status";
                    Dir::Cache "%1$s/cache";
                    Dir::Etc::parts "%1$s/parts";
                    Dir::Etc::main "%1$s/none";
                    Dir::Log "%1$s";
                    APT::Architecture "%2$s";
                    APT::Architectures { "%2$s"; };
                    APT::Install-Recommends "false";
                    APT::Sandbox::User "";
                    Acquire::Languages { "none"; };
                    Debug::NoLocking "true";
                    """
                            .formatted(state.toAbsolutePath(), architecture));
            Files.writeString(state.resolve("apt.conf"), text.toString());
            configured = true;
        } catch (IOException e) {
            throw new GuestUnavailableException(
                    "cannot write %s: %s".formatted(state, e.getMessage()), e);
        }
    }

    private List<String> run(String what, String... command) throws GuestUnavailableException {
        configure();
        return start(what, true, command);
    }

    private List<String> start(String what, boolean ours, String... command)
            throws GuestUnavailableException {
        List<String> argv = new ArrayList<>(List.of(command));
        argv.set(0, program(command[0]).toString());
        ProcessBuilder builder = new ProcessBuilder(argv).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C.UTF-8");
        builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
        builder.directory((ours ? archives() : state).toFile());
        if (ours) {
            builder.environment()
                    .put("APT_CONFIG", state.resolve("apt.conf").toAbsolutePath().toString());
        }
        List<String> lines = new ArrayList<>();
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            try (BufferedReader reader = process.inputReader()) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    if (line.startsWith("dlstatus:") || line.startsWith("pmstatus:")) {
                        reportPercent(line);
                    } else {
                        lines.add(line);
                    }
                }
            }
            int status = process.waitFor();
            if (status != 0) {
                throw new GuestUnavailableException(
                        "cannot %s: %s ended with status %d: %s; this guest needs the network once; %s"
                                .formatted(what, command[0], status, reason(lines), OFFLINE));
            }
            return lines;
        } catch (IOException e) {
            throw new GuestUnavailableException(
                    "cannot %s: %s is not available here; use --kernel and --initrd, or a Debian host"
                            .formatted(what, command[0]),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new GuestUnavailableException("interrupted while trying to " + what, e);
        }
    }

    /** {@code dlstatus:1:12.3:Retrieving file 1 of 2 (…)}. */
    private void reportPercent(String line) {
        String[] fields = line.split(":", 4);
        if (fields.length == 4) {
            try {
                progress.percent(fields[3], Double.parseDouble(fields[2]));
            } catch (NumberFormatException e) {
                progress.percent(fields[3], 0);
            }
        }
    }

    private static String reason(List<String> lines) {
        List<String> errors = lines.stream().filter(l -> l.startsWith("E: ")).limit(TAIL).toList();
        if (errors.isEmpty()) {
            errors = lines.subList(Math.max(0, lines.size() - 1), lines.size());
        }
        return String.join(" ", errors);
    }
}
