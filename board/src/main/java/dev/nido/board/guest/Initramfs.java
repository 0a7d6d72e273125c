package dev.nido.board.guest;

import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveOutputStream;
import org.apache.commons.compress.archivers.cpio.CpioConstants;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A file tree that becomes Linux's root at boot: a cpio archive in the "newc" format. Several may
 * be put one after the other; later ones add to, or replace files of, earlier ones. It is never
 * compressed: the guest would have to undo that, one emulated instruction after the other.
 *
 * <p>The same tree always gives the same bytes: owners are root, times are zero.
 */
public final class Initramfs {

    private static final int DIRECTORY = 0x4000;
    private static final int CHARACTER_DEVICE = 0x2000;
    private static final int FILE = 0x8000;
    private static final int LINK = 0xa000;

    private record Node(int mode, byte[] content, int major, int minor) {}

    private final Map<String, Node> nodes = new LinkedHashMap<>();

    /** Adds a file. @param permissions the low nine mode bits */
    public Initramfs file(String path, int permissions, byte[] content) {
        return put(path, new Node(FILE | permissions, content, 0, 0));
    }

    /** Adds a text file. */
    public Initramfs file(String path, int permissions, String content) {
        return file(path, permissions, content.getBytes(StandardCharsets.UTF_8));
    }

    public Initramfs directory(String path, int permissions) {
        return put(path, new Node(DIRECTORY | permissions, new byte[0], 0, 0));
    }

    public Initramfs link(String path, String target) {
        return put(path, new Node(LINK | 0777, target.getBytes(StandardCharsets.UTF_8), 0, 0));
    }

    /** Adds a character device node. */
    public Initramfs characterDevice(String path, int permissions, int major, int minor) {
        return put(path, new Node(CHARACTER_DEVICE | permissions, new byte[0], major, minor));
    }

    private Initramfs put(String path, Node node) {
        String name = path.startsWith("/") ? path.substring(1) : path;
        int slash = name.lastIndexOf('/');
        if (slash > 0 && !nodes.containsKey(name.substring(0, slash))) {
            directory(name.substring(0, slash), 0755);
        }
        nodes.put(name, node);
        return this;
    }

    /** Writes the archive with its trailer; the stream stays open. */
    public void writeTo(OutputStream out) throws IOException {
        CpioArchiveOutputStream cpio = new CpioArchiveOutputStream(out, CpioConstants.FORMAT_NEW);
        int inode = 1;
        for (Map.Entry<String, Node> e : nodes.entrySet()) {
            Node node = e.getValue();
            CpioArchiveEntry entry = new CpioArchiveEntry(CpioConstants.FORMAT_NEW, e.getKey());
            entry.setMode(node.mode);
            entry.setSize(node.content.length);
            entry.setInode(inode++);
            entry.setNumberOfLinks((node.mode & 0xf000) == DIRECTORY ? 2 : 1);
            entry.setRemoteDeviceMaj(node.major);
            entry.setRemoteDeviceMin(node.minor);
            cpio.putArchiveEntry(entry);
            cpio.write(node.content);
            cpio.closeArchiveEntry();
        }
        cpio.finish();
        cpio.flush();
    }
}
