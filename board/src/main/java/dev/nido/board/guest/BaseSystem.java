package dev.nido.board.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The kernel and the small root file system of a Debian guest, out of two packages: the
 * distribution's kernel, unmodified, and its static busybox. The root has busybox, its commands as
 * links, the modules of the board's devices, and an init of ours.
 */
final class BaseSystem {

    /** Loaded at every start. */
    private static final List<String> LOADED =
            List.of("virtio_mmio", "virtio_console", "virtio_blk", "virtio-rng");

    /** There for the user, with what they depend on; the second row only saves a second pass. */
    private static final List<String> OFFERED =
            List.of("ext4", "jbd2", "mbcache", "crc16", "crc32c_generic", "libcrc32c");

    private byte[] kernel;
    private byte[] busybox;
    private final Map<String, String> modulePaths = new HashMap<>();
    private final Map<String, byte[]> modules = new LinkedHashMap<>();

    /** Reads both packages. */
    static BaseSystem of(Path kernelPackage, Path busyboxPackage) throws IOException {
        BaseSystem base = new BaseSystem();
        new DebPackage(busyboxPackage)
                .read((path, entry, link, in) -> {
                    if (path.equals("/bin/busybox") || path.equals("/usr/bin/busybox")) {
                        base.busybox = in.readAllBytes();
                    }
                });
        if (base.busybox == null) {
            throw new IOException(busyboxPackage + " holds no busybox");
        }
        Set<String> wanted = new LinkedHashSet<>(LOADED);
        wanted.addAll(OFFERED);
        while (base.readKernel(kernelPackage, wanted)) {
            // a module needed one that was not asked for: once more with both
        }
        return base;
    }

    byte[] kernel() {
        return kernel;
    }

    /**
     * Returns whether modules are missing that others depend on, after adding them to the wanted
     * ones.
     */
    private boolean readKernel(Path file, Set<String> wanted) throws IOException {
        new DebPackage(file)
                .read((path, entry, link, in) -> {
                    if (path.startsWith("/boot/vmlinuz-")) {
                        kernel = in.readAllBytes();
                    } else if (path.endsWith(".ko")) {
                        String name = moduleName(path);
                        modulePaths.put(name, path);
                        if (wanted.stream().anyMatch(w -> sameModule(w, name))) {
                            modules.put(name, in.readAllBytes());
                        }
                    }
                });
        if (kernel == null) {
            throw new IOException(file + " holds no /boot/vmlinuz");
        }
        boolean missing = false;
        for (String name : List.copyOf(modules.keySet())) {
            for (String dependency : dependencies(name)) {
                if (find(dependency) == null
                        && modulePaths.keySet().stream().anyMatch(m -> sameModule(m, dependency))) {
                    missing |= wanted.add(dependency);
                }
            }
        }
        return missing;
    }

    private static String moduleName(String path) {
        String file = path.substring(path.lastIndexOf('/') + 1);
        return file.substring(0, file.indexOf('.'));
    }

    /** The kernel takes '-' and '_' in module names for the same. */
    private static boolean sameModule(String a, String b) {
        return a.replace('-', '_').equals(b.replace('-', '_'));
    }

    private String find(String name) {
        return modules.keySet().stream().filter(m -> sameModule(m, name)).findFirst().orElse(null);
    }

    private List<String> dependencies(String name) throws IOException {
        return info(name, "depends").stream().flatMap(d -> Stream.of(d.split(","))).toList();
    }

    /** Values of a key of a module's information; those that are empty left out. */
    private List<String> info(String name, String key) throws IOException {
        byte[] section = new ElfFile(modulePaths.get(name), modules.get(name)).section(".modinfo");
        return Stream.of(new String(section, StandardCharsets.UTF_8).split("\0"))
                .filter(e -> e.startsWith(key + "=") && e.length() > key.length() + 1)
                .map(e -> e.substring(key.length() + 1))
                .toList();
    }

    private void collect(String name, Set<String> into) throws IOException {
        for (String dependency : dependencies(name)) {
            String module = find(dependency);
            if (module != null && into.add(module)) {
                collect(module, into);
            }
        }
    }

    /**
     * Names of the commands in this busybox; it keeps them in one run of C strings that starts with
     * {@code [}.
     */
    static Set<String> applets(byte[] busybox) {
        byte[] start = "\0[\0[[\0".getBytes(StandardCharsets.US_ASCII);
        Set<String> names = new LinkedHashSet<>();
        for (int at = 0; at + start.length < busybox.length; at++) {
            int same = 0;
            while (same < start.length && busybox[at + same] == start[same]) {
                same++;
            }
            if (same == start.length) {
                int from = at + 1;
                while (true) {
                    int end = from;
                    while (end < busybox.length && busybox[end] > ' ' && busybox[end] <= '~') {
                        end++;
                    }
                    if (end == from || end >= busybox.length || busybox[end] != 0) {
                        break;
                    }
                    names.add(new String(busybox, from, end - from, StandardCharsets.US_ASCII));
                    from = end + 1;
                }
                if (names.contains("sh")) {
                    return names;
                }
                names.clear();
            }
        }
        return names;
    }

    /** The root file system with {@code init} as its first process. */
    byte[] root(String init) throws IOException {
        Initramfs root = new Initramfs();
        for (String directory :
                List.of(
                        "dev",
                        "proc",
                        "sys",
                        "run",
                        "tmp",
                        "root",
                        "etc",
                        "mnt",
                        "sbin",
                        "usr/bin",
                        "usr/sbin")) {
            root.directory(directory, directory.equals("tmp") ? 01777 : 0755);
        }
        root.characterDevice("dev/console", 0600, 5, 1);
        root.characterDevice("dev/null", 0666, 1, 3);
        root.characterDevice("dev/kmsg", 0600, 1, 11);
        root.file("init", 0755, init);
        root.file("etc/passwd", 0644, "root::0:0:root:/root:/bin/sh\n");
        root.file("etc/group", 0644, "root:x:0:\n");
        root.file("bin/busybox", 0755, busybox);
        Set<String> applets = applets(busybox);
        if (applets.isEmpty()) {
            throw new IOException("this busybox lists no commands where it is expected to");
        }
        for (String applet : applets) {
            if (!applet.equals("busybox")) {
                root.link("bin/" + applet, "busybox");
            }
        }
        root.link("sbin/modprobe", "../bin/busybox");
        root.link("sbin/init", "../init");
        addModules(root);
        root.file("nido/modules", 0644, String.join("\n", LOADED) + "\n");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        root.writeTo(out);
        return out.toByteArray();
    }

    private void addModules(Initramfs root) throws IOException {
        StringBuilder dependencies = new StringBuilder();
        StringBuilder aliases = new StringBuilder();
        String tree = "";
        for (Map.Entry<String, byte[]> module : modules.entrySet()) {
            String path = modulePaths.get(module.getKey());
            path = path.substring(path.indexOf("/lib/modules/"));
            tree = path.substring(0, path.indexOf('/', "/lib/modules/".length()) + 1);
            root.file(path, 0644, module.getValue());
            dependencies.append(path.substring(tree.length())).append(':');
            Set<String> needs = new LinkedHashSet<>();
            collect(module.getKey(), needs);
            for (String need : needs) {
                String other = modulePaths.get(need);
                dependencies
                        .append(' ')
                        .append(other.substring(other.indexOf(tree) + tree.length()));
            }
            dependencies.append('\n');
            for (String alias : info(module.getKey(), "alias")) {
                // By these the kernel asks for what it needs: fs-ext4, crypto-crc32c.
                aliases.append("alias %s %s\n".formatted(alias, module.getKey().replace('-', '_')));
            }
        }
        if (!tree.isEmpty()) {
            root.file(tree + "modules.dep", 0644, dependencies.toString());
            root.file(tree + "modules.alias", 0644, aliases.toString());
        }
    }
}
