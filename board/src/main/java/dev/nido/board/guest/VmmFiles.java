package dev.nido.board.guest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One program of a set of packages with just the shared objects that it needs, found by following
 * DT_NEEDED through the packages' files.
 */
final class VmmFiles {

    private static final List<String> LIBRARIES =
            List.of("/lib/aarch64-linux-gnu/", "/usr/lib/aarch64-linux-gnu/", "/lib/", "/usr/lib/");

    private final Map<String, byte[]> files = new HashMap<>();
    private final Map<String, String> links = new HashMap<>();

    /** Reads what may be needed of these packages: the program and every library. */
    VmmFiles(List<Path> packages, String program) throws IOException {
        for (Path file : packages) {
            new DebPackage(file)
                    .read((path, entry, link, in) -> {
                        if (path.equals(program) || isLibrary(path)) {
                            if (link != null) {
                                links.put(path, resolve(path, link));
                            } else if (entry.isFile()) {
                                files.put(path, in.readAllBytes());
                            }
                        }
                    });
        }
        if (!files.containsKey(program)) {
            throw new IOException("none of the fetched packages holds " + program);
        }
    }

    private static boolean isLibrary(String path) {
        if (!path.contains(".so")) {
            return false;
        }
        String directory = path.substring(0, path.lastIndexOf('/') + 1);
        return LIBRARIES.contains(directory);
    }

    private static String resolve(String path, String target) {
        return target.startsWith("/")
                ? target
                : Path.of(path).resolveSibling(target).normalize().toString();
    }

    /** The program and its closure, by the path that the dynamic linker looks for. */
    Map<String, byte[]> closure(String program) throws IOException {
        Map<String, byte[]> result = new TreeMap<>();
        Deque<String> open = new ArrayDeque<>(List.of(program));
        List<String> missing = new ArrayList<>();
        while (!open.isEmpty()) {
            String path = open.remove();
            byte[] content = content(path);
            if (result.putIfAbsent(path, content) != null) {
                continue;
            }
            ElfFile elf = new ElfFile(path, content);
            elf.interpreter().ifPresent(open::add);
            for (String name : elf.needed()) {
                String found = find(name);
                if (found == null) {
                    missing.add(name);
                } else {
                    open.add(found);
                }
            }
        }
        if (!missing.isEmpty()) {
            throw new IOException("the fetched packages lack " + String.join(", ", missing));
        }
        return result;
    }

    private String find(String name) {
        for (String directory : LIBRARIES) {
            if (files.containsKey(directory + name) || links.containsKey(directory + name)) {
                return directory + name;
            }
        }
        return null;
    }

    private byte[] content(String path) throws IOException {
        String at = path;
        for (int hops = 0; hops < 16; hops++) {
            byte[] content = files.get(at);
            if (content != null) {
                return content;
            }
            String next = links.get(at);
            if (next == null) {
                break;
            }
            at = next;
        }
        throw new IOException("the fetched packages lack " + path);
    }
}
