package dev.nido.board.guest;

import org.apache.commons.compress.archivers.ar.ArArchiveEntry;
import org.apache.commons.compress.archivers.ar.ArArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * A Debian package: an ar archive whose member {@code data.tar.*} holds the files (deb(5)). It is
 * read as a stream, each file offered once.
 */
public record DebPackage(Path file) {

    /** Is offered every file, link and directory of the package. */
    @FunctionalInterface
    public interface Visitor {
        /**
         * @param path absolute, such as {@code /boot/vmlinuz}
         * @param linkTarget where a symbolic or hard link leads, else null
         * @param content the file's bytes; valid during the call only
         */
        void visit(String path, TarArchiveEntry entry, String linkTarget, InputStream content)
                throws IOException;
    }

    /**
     * Reads the whole package.
     *
     * @throws IOException if it is not a Debian package, is damaged, or uses a compression we can't
     *     read
     */
    public void read(Visitor visitor) throws IOException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
                ArArchiveInputStream ar = new ArArchiveInputStream(in)) {
            for (ArArchiveEntry member = ar.getNextEntry();
                    member != null;
                    member = ar.getNextEntry()) {
                if (member.getName().startsWith("data.tar")) {
                    readFiles(decompress(member.getName(), ar), visitor);
                    return;
                }
            }
        } catch (EOFException e) {
            throw new IOException(file + " is cut short; remove it and fetch again", e);
        }
        throw new IOException(file + " has no data.tar: it is not a Debian package");
    }

    private InputStream decompress(String name, InputStream in) throws IOException {
        return switch (name) {
            case "data.tar" -> in;
            case "data.tar.gz" -> new GZIPInputStream(in);
            case "data.tar.xz" -> new XZInputStream(in);
            default ->
                    throw new IOException(
                            "%s: compression of %s is not supported".formatted(file, name));
        };
    }

    private static void readFiles(InputStream data, Visitor visitor) throws IOException {
        TarArchiveInputStream tar =
                new TarArchiveInputStream(new BufferedInputStream(data, 1 << 16));
        for (TarArchiveEntry entry = tar.getNextEntry();
                entry != null;
                entry = tar.getNextEntry()) {
            String path = entry.getName();
            path =
                    path.startsWith("./")
                            ? path.substring(1)
                            : path.startsWith("/") ? path : "/" + path;
            String target = entry.isSymbolicLink() || entry.isLink() ? entry.getLinkName() : null;
            visitor.visit(path, entry, target, tar);
        }
    }
}
