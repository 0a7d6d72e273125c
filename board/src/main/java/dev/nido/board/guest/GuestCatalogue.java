package dev.nido.board.guest;

import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Real guests, fetched once with the distribution's package tool and kept in the user's cache. What
 * is there works without a network. A guest's directory holds its files and a {@code manifest} that
 * says what they were made of; it appears under its name only when it is complete.
 *
 * <pre>
 * ~/.cache/nido/apt/             the package tool's own state and the packages
 * ~/.cache/nido/guests/debian/   vmlinuz  initrd  manifest
 * ~/.cache/nido/guests/demo/     vmm  manifest               (L1 = debian + vmm)
 * </pre>
 */
public final class GuestCatalogue {

    /** The distribution's kernel with busybox. */
    public static final String DEBIAN = "debian";

    /**
     * As L1 of the demo: a Debian guest with QEMU as VMM, which runs a Debian guest under its KVM.
     */
    public static final String DEMO = "demo";

    /** A guest's name, what it is, and whether it is there already. */
    public record Entry(String name, String description, boolean fetched) {}

    /**
     * How L1 starts L2.
     *
     * @param memory MiB
     * @param append L2's kernel command line
     */
    public record L2(int cpus, int memory, String append) {
        /** Two vCPUs, 256 MiB, warnings only on the console. */
        public static final L2 DEFAULT = new L2(2, 256, APPEND + " quiet panic=-1");
    }

    private static final String FORMAT = "3";
    private static final String VMM = "/usr/bin/qemu-system-aarch64";
    private static final String VMM_PACKAGE = "qemu-system-arm";

    /** Kernel command line of all. */
    private static final String APPEND = "console=ttyAMA0";

    private final Path cache;
    private final Path programs;
    private final Progress progress;

    /**
     * @param cache where to keep guests
     * @param programs directory of the package tool, or null for the PATH
     */
    public GuestCatalogue(Path cache, Path programs, Progress progress) {
        this.cache = cache;
        this.programs = programs;
        this.progress = progress;
    }

    /** {@code $XDG_CACHE_HOME/nido}, by default {@code ~/.cache/nido}. */
    public static Path defaultCache() {
        String base = System.getenv("XDG_CACHE_HOME");
        Path root =
                base != null && base.startsWith("/")
                        ? Path.of(base)
                        : Path.of(System.getProperty("user.home"), ".cache");
        return root.resolve("nido");
    }

    /** Everything that can be asked for. */
    public List<Entry> list() {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry(DEBIAN, "Debian's arm64 kernel with busybox", cached(DEBIAN)));
        entries.add(
                new Entry(
                        DEMO,
                        "the same with QEMU, to start an L2 under its KVM",
                        cached(DEBIAN) && cached(DEMO)));
        for (InTreeGuest guest : InTreeGuest.values()) {
            entries.add(new Entry(guest.guestName(), guest.description(), true));
        }
        return List.copyOf(entries);
    }

    /**
     * The guest of that name, fetched if it is not there.
     *
     * @throws GuestUnavailableException if there is no such guest or it can't be fetched
     */
    public Guest fetch(String name) throws GuestUnavailableException {
        Optional<InTreeGuest> inTree = InTreeGuest.byName(name);
        if (inTree.isPresent()) {
            return assembled(inTree.get());
        }
        return switch (name) {
            case DEBIAN -> debian();
            case DEMO -> demo();
            default ->
                    throw new GuestUnavailableException(
                            "there is no guest '%s'; the catalogue has %s"
                                    .formatted(
                                            name,
                                            String.join(
                                                    ", ",
                                                    list().stream().map(Entry::name).toList())));
        };
    }

    /**
     * An archive that makes a guest run a shell command and power off; its status goes to the exit
     * device.
     */
    public static byte[] execOverlay(String command) {
        return overlay(new Initramfs().file("nido/run", 0644, command + "\n"));
    }

    /** An archive that tells the demo's L1 how to start L2. */
    public static byte[] l2Overlay(L2 l2) {
        return overlay(new Initramfs().file("nido/l2/settings", 0644, settings(l2)));
    }

    /** An archive with another kernel, or any raw binary, for the demo's L2. */
    public static byte[] l2ImageOverlay(byte[] image) {
        return overlay(new Initramfs().file("nido/l2/Image", 0644, image));
    }

    /** As shell variables. */
    private static String settings(L2 l2) {
        return "L2_CPUS=%d\nL2_MEMORY=%d\nL2_APPEND='%s'\n"
                .formatted(l2.cpus, l2.memory, l2.append.replace("'", "'\\''"));
    }

    private static byte[] overlay(Initramfs files) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            files.writeTo(out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Guest assembled(InTreeGuest guest) throws GuestUnavailableException {
        try {
            Path image = Files.createDirectories(home(guest.guestName())).resolve("image");
            Files.write(image, guest.assemble());
            return new Guest(guest.guestName(), image, List.of(), "");
        } catch (IOException e) {
            throw new GuestUnavailableException(
                    "cannot make guest %s: %s".formatted(guest.guestName(), e.getMessage()), e);
        }
    }

    private Guest debian() throws GuestUnavailableException {
        prepare(DEBIAN, List.of("init.sh"), this::debianPackages, this::buildDebian);
        Path home = home(DEBIAN);
        return new Guest(DEBIAN, home.resolve("vmlinuz"), List.of(home.resolve("initrd")), APPEND);
    }

    private Guest demo() throws GuestUnavailableException {
        Guest base = debian();
        prepare(
                DEMO,
                List.of("l1-run.sh", "l2-run.sh"),
                tool -> tool.closure(VMM_PACKAGE),
                this::buildDemo);
        return new Guest(
                DEMO,
                base.kernel(),
                List.of(base.initrds().getFirst(), home(DEMO).resolve("vmm")),
                base.append());
    }

    @FunctionalInterface
    private interface Fetch {
        List<Path> from(PackageTool tool) throws GuestUnavailableException;
    }

    @FunctionalInterface
    private interface Build {
        Map<String, byte[]> from(List<Path> packages) throws IOException;
    }

    private List<Path> debianPackages(PackageTool tool) throws GuestUnavailableException {
        String kernel = tool.dependency("linux-image-arm64", "linux-image-");
        List<Path> files = new ArrayList<>(tool.download(kernel));
        files.addAll(tool.download("busybox-static"));
        return files;
    }

    private Map<String, byte[]> buildDebian(List<Path> packages) throws IOException {
        BaseSystem base = BaseSystem.of(packages.get(0), packages.get(1));
        return Map.of("vmlinuz", base.kernel(), "initrd", base.root(resource("init.sh")));
    }

    private Map<String, byte[]> buildDemo(List<Path> packages) throws IOException {
        Initramfs vmm = new Initramfs();
        Map<String, byte[]> files = new VmmFiles(packages, VMM).closure(VMM);
        files.forEach((path, content) -> vmm.file(path, 0755, content));
        Path debian = home(DEBIAN);
        ByteArrayOutputStream l2 = new ByteArrayOutputStream();
        l2.write(Files.readAllBytes(debian.resolve("initrd")));
        new Initramfs().file("nido/run", 0644, resource("l2-run.sh")).writeTo(l2);
        vmm.file("nido/run", 0644, resource("l1-run.sh"));
        vmm.file("nido/l2/Image", 0644, Files.readAllBytes(debian.resolve("vmlinuz")));
        vmm.file("nido/l2/initrd", 0644, l2.toByteArray());
        vmm.file("nido/l2/settings", 0644, settings(L2.DEFAULT));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        vmm.writeTo(out);
        return Map.of("vmm", out.toByteArray());
    }

    private Path home(String name) {
        return cache.resolve("guests").resolve(name);
    }

    private boolean cached(String name) {
        return Files.exists(home(name).resolve("manifest"));
    }

    /**
     * Brings a guest's directory up to date with its recipe, from packages that are there if
     * possible.
     */
    private void prepare(String name, List<String> scripts, Fetch fetch, Build build)
            throws GuestUnavailableException {
        String recipe = recipe(name, scripts);
        if (isCurrent(name, recipe)) {
            return;
        }
        try {
            Files.createDirectories(cache);
            try (FileChannel channel =
                            FileChannel.open(
                                    cache.resolve("lock"),
                                    StandardOpenOption.CREATE,
                                    StandardOpenOption.WRITE);
                    FileLock lock = channel.lock()) {
                if (lock.isValid() && !isCurrent(name, recipe)) {
                    build(name, recipe, packages(name, fetch), build);
                }
            }
        } catch (IOException e) {
            throw new GuestUnavailableException(
                    "cannot prepare guest %s: %s".formatted(name, e.getMessage()), e);
        }
    }

    private List<Path> packages(String name, Fetch fetch)
            throws GuestUnavailableException, IOException {
        Optional<List<Path>> kept = keptPackages(name);
        if (kept.isPresent()) {
            return kept.get();
        }
        PackageTool tool = new PackageTool(cache.resolve("apt"), "arm64", programs, progress);
        progress.stage("%s: fetching the package lists".formatted(name));
        tool.update();
        progress.stage("%s: fetching packages".formatted(name));
        List<Path> files = fetch.from(tool);
        Files.write(
                cache.resolve(name + ".packages"),
                files.stream().map(f -> f.getFileName().toString()).toList());
        return files;
    }

    private Optional<List<Path>> keptPackages(String name) throws IOException {
        Path list = cache.resolve(name + ".packages");
        if (!Files.exists(list)) {
            return Optional.empty();
        }
        Path archives = cache.resolve("apt/cache/archives");
        List<Path> files = Files.readAllLines(list).stream().map(archives::resolve).toList();
        return !files.isEmpty() && files.stream().allMatch(Files::exists)
                ? Optional.of(files)
                : Optional.empty();
    }

    private void build(String name, String recipe, List<Path> packages, Build build)
            throws IOException {
        progress.stage("%s: unpacking %d packages".formatted(name, packages.size()));
        Map<String, byte[]> files = build.from(packages);
        Path home = home(name);
        Files.createDirectories(home);
        Files.deleteIfExists(home.resolve("manifest"));
        StringBuilder manifest = new StringBuilder("recipe " + recipe + "\n");
        for (Path file : packages) {
            manifest.append("package ").append(file.getFileName()).append('\n');
        }
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path target = home.resolve(file.getKey());
            Path partial = home.resolve(file.getKey() + ".partial");
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(partial))) {
                out.write(file.getValue());
            }
            Files.move(
                    partial,
                    target,
                    StandardCopyOption.REPLACE_EXISTING,
                    StandardCopyOption.ATOMIC_MOVE);
            manifest.append(
                    "file %s %d %s%n"
                            .formatted(
                                    file.getKey(),
                                    file.getValue().length,
                                    sha256(file.getValue())));
        }
        Files.writeString(home.resolve("manifest"), manifest);
        progress.stage("%s: ready in %s".formatted(name, home));
    }

    private boolean isCurrent(String name, String recipe) {
        Path manifest = home(name).resolve("manifest");
        try {
            return Files.exists(manifest)
                    && Files.readString(manifest).startsWith("recipe " + recipe + "\n");
        } catch (IOException e) {
            return false;
        }
    }

    /** What a guest is made by: when it changes, the guest is made again. */
    private String recipe(String name, List<String> scripts) throws GuestUnavailableException {
        StringBuilder text = new StringBuilder(FORMAT);
        try {
            for (String script : scripts) {
                text.append(resource(script));
            }
            if (name.equals(DEMO)) {
                text.append(Files.readString(home(DEBIAN).resolve("manifest")));
            }
        } catch (IOException e) {
            throw new GuestUnavailableException(
                    "cannot read the recipe of " + name + ": " + e.getMessage(), e);
        }
        return sha256(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = GuestCatalogue.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("resource " + name + " is missing from this build");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
