package dev.nido.board.load;

import dev.nido.board.load.ImageException.Kind;
import dev.nido.board.load.KernelImage.Format;
import dev.nido.board.load.KernelImage.Segment;

import org.tukaani.xz.LZMAInputStream;
import org.tukaani.xz.XZInputStream;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * Recognises a kernel file by its content and says where it goes: Linux's arm64 Image (Linux,
 * Documentation/arm64/booting.rst), also compressed with gzip or inside an EFI zboot wrapper;
 * ELF64; anything else is a raw binary, loaded where QEMU's {@code -kernel} loads one.
 */
public final class KernelLoader {

    private static final int LINUX_MAGIC_AT = 56;
    private static final int LINUX_MAGIC = 0x644d5241;
    private static final int LINUX_HEADER = 64;
    private static final long LINUX_ALIGN = 0x20_0000L;
    private static final long OLD_TEXT_OFFSET = 0x8_0000L;

    /** Where a raw binary goes, from the start of RAM. */
    public static final long RAW_OFFSET = 0x8_0000L;

    private static final int EM_AARCH64 = 183;
    private static final int ELF_HEADER = 64;
    private static final int ELF_PROGRAM_HEADER = 56;
    private static final int PT_LOAD = 1;

    private static final long LIMIT = 1L << 30;

    private final Path file;
    private final long ramBase;

    private KernelLoader(Path file, long ramBase) {
        this.file = file;
        this.ramBase = ramBase;
    }

    /**
     * Reads a kernel.
     *
     * @param ramBase physical address of the start of RAM
     * @throws ImageException if it can't be used
     */
    public static KernelImage load(Path file, long ramBase) throws ImageException {
        return new KernelLoader(file, ramBase).parse(readFile(file, "kernel"));
    }

    /** All bytes of a file. @param role what it was to be, for the message */
    public static byte[] readFile(Path file, String role) throws ImageException {
        sizeOf(file, role);
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw unreadable(file, role, e);
        }
    }

    /** Bytes of a file that is there, is a file, and is neither empty nor larger than 1 GiB. */
    static long sizeOf(Path file, String role) throws ImageException {
        try {
            if (Files.isDirectory(file)) {
                throw new ImageException(
                        Kind.UNREADABLE, "%s %s is a directory; name a file".formatted(role, file));
            }
            long size = Files.size(file);
            if (size == 0) {
                throw new ImageException(Kind.TRUNCATED, "%s %s is empty".formatted(role, file));
            }
            if (size > LIMIT) {
                throw new ImageException(
                        Kind.TOO_LARGE,
                        "%s %s is larger than 1 GiB (%d bytes)".formatted(role, file, size));
            }
            return size;
        } catch (IOException e) {
            throw unreadable(file, role, e);
        }
    }

    private static ImageException unreadable(Path file, String role, IOException e) {
        return e instanceof NoSuchFileException
                ? new ImageException(
                        Kind.UNREADABLE,
                        "%s %s does not exist; check the path".formatted(role, file))
                : new ImageException(
                        Kind.UNREADABLE,
                        "%s %s can't be read: %s".formatted(role, file, e.getMessage()));
    }

    private KernelImage parse(byte[] bytes) throws ImageException {
        if (isGzip(bytes)) {
            return identify(inflate("gzip", new ByteArrayInputStream(bytes)));
        }
        if (bytes.length >= 32 && text(bytes, 4, 4).equals("zimg")) {
            return identify(zboot(bytes));
        }
        return identify(bytes);
    }

    private static boolean isGzip(byte[] bytes) {
        return bytes.length > 2 && (bytes[0] & 0xff) == 0x1f && (bytes[1] & 0xff) == 0x8b;
    }

    private static String text(byte[] bytes, int at, int length) {
        int end = at;
        while (end < at + length && bytes[end] != 0) {
            end++;
        }
        return new String(bytes, at, end - at, StandardCharsets.US_ASCII);
    }

    private KernelImage identify(byte[] bytes) throws ImageException {
        ByteBuffer image = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length >= 4 && image.getInt(0) == 0x464c457f) {
            return elf(image);
        }
        if (bytes.length >= LINUX_HEADER && image.getInt(LINUX_MAGIC_AT) == LINUX_MAGIC) {
            return linux(image);
        }
        refuseForeign(image);
        Segment all = new Segment(ramBase + RAW_OFFSET, bytes, 0, bytes.length, bytes.length);
        return new KernelImage(Format.RAW, List.of(all), all.pa());
    }

    /**
     * Files that are certainly no program for this machine, which would otherwise run as raw bytes.
     */
    private void refuseForeign(ByteBuffer image) throws ImageException {
        if (image.capacity() >= 0x206 && image.getInt(0x202) == 0x53726448) {
            throw new ImageException(
                    Kind.WRONG_MACHINE, file, "is a Linux kernel for x86; an arm64 one is needed");
        }
        if (image.capacity() >= 64 && image.getInt(36) == 0x016f2818) {
            throw new ImageException(
                    Kind.WRONG_MACHINE, file, "is a 32-bit Arm zImage; an arm64 one is needed");
        }
        if (image.capacity() >= 64 && image.getShort(0) == 0x5a4d) {
            throw new ImageException(
                    Kind.UNSUPPORTED,
                    file,
                    "is an EFI program that is no arm64 Linux kernel; it needs firmware");
        }
        if (image.capacity() >= 8 && image.order(ByteOrder.BIG_ENDIAN).getInt(0) == 0xd00dfeed) {
            throw new ImageException(
                    Kind.UNSUPPORTED, file, "is a device tree; give it with --dtb");
        }
        image.order(ByteOrder.LITTLE_ENDIAN);
        byte[] bytes = image.array();
        if (bytes.length >= 6 && text(bytes, 0, 6).startsWith("07070")) {
            throw new ImageException(
                    Kind.UNSUPPORTED, file, "is a cpio archive; give it with --initrd");
        }
        if (bytes.length >= 4 && image.getInt(0) == 0xfd2fb528) {
            throw new ImageException(
                    Kind.UNSUPPORTED,
                    file,
                    "is compressed with zstd; decompress it first (zstd -d)");
        }
        if (bytes.length >= 6 && image.getInt(0) == 0x587a37fd) {
            throw new ImageException(
                    Kind.UNSUPPORTED, file, "is compressed with xz; decompress it first (xz -d)");
        }
        for (byte b : bytes) {
            if (b != 0) {
                return;
            }
        }
        throw new ImageException(Kind.DAMAGED, file, "holds only zeros; is it a failed download?");
    }

    private KernelImage linux(ByteBuffer image) throws ImageException {
        long textOffset = image.getLong(8);
        long imageSize = image.getLong(16);
        long flags = image.getLong(24);
        if (imageSize == 0) {
            textOffset = OLD_TEXT_OFFSET;
            imageSize = image.capacity();
        }
        if ((flags & 1) != 0) {
            throw new ImageException(
                    Kind.WRONG_MACHINE,
                    file,
                    "is a big-endian kernel; a little-endian one is needed");
        }
        if (textOffset < 0
                || textOffset >= LINUX_ALIGN
                || imageSize < 0
                || imageSize > LIMIT * 16) {
            throw new ImageException(
                    Kind.DAMAGED,
                    file,
                    "has a damaged header: text_offset 0x%x, image_size 0x%x"
                            .formatted(textOffset, imageSize));
        }
        if (image.capacity() > imageSize) {
            imageSize = image.capacity();
        }
        long needed = peEnd(image);
        if (image.capacity() < needed) {
            throw new ImageException(
                    Kind.TRUNCATED,
                    file,
                    "is cut short: %d of %d bytes; fetch or build it again"
                            .formatted(image.capacity(), needed));
        }
        // The first 2 MiB stay free for the device tree.
        long pa = ramBase + LINUX_ALIGN + textOffset;
        Segment all = new Segment(pa, image.array(), 0, image.capacity(), imageSize);
        return new KernelImage(Format.LINUX, List.of(all), pa);
    }

    /**
     * With an EFI header, where its last section ends in the file, as far as the header can be
     * read; else 0.
     */
    private static long peEnd(ByteBuffer image) {
        int pe = image.getInt(60);
        if (image.getShort(0) != 0x5a4d || pe < LINUX_HEADER || pe > image.capacity() - 24) {
            return image.getShort(0) == 0x5a4d && pe >= LINUX_HEADER && pe < 0x1_0000
                    ? pe + 24L
                    : 0;
        }
        if (image.getInt(pe) != 0x4550) {
            return 0;
        }
        int sections = image.getShort(pe + 6) & 0xffff;
        int table = pe + 24 + (image.getShort(pe + 20) & 0xffff);
        long end = table + 40L * sections;
        for (int i = 0; i < sections && table + 40 * (i + 1) <= image.capacity(); i++) {
            long size = image.getInt(table + 40 * i + 16) & 0xffff_ffffL;
            long at = image.getInt(table + 40 * i + 20) & 0xffff_ffffL;
            end = Math.max(end, at + size);
        }
        return end;
    }

    private byte[] zboot(byte[] bytes) throws ImageException {
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long at = header.getInt(8) & 0xffff_ffffL;
        long size = header.getInt(12) & 0xffff_ffffL;
        if (at + size > bytes.length) {
            throw new ImageException(
                    Kind.TRUNCATED,
                    file,
                    "is cut short: %d of %d bytes".formatted(bytes.length, at + size));
        }
        String kind = bytes.length >= 56 ? text(bytes, 24, 32) : "";
        InputStream payload = new ByteArrayInputStream(bytes, (int) at, (int) size);
        try {
            return switch (kind) {
                case "gzip" -> inflate(kind, payload);
                case "xzkern" -> inflate(kind, new XZInputStream(payload));
                case "lzma" -> inflate(kind, new LZMAInputStream(payload));
                default ->
                        throw new ImageException(
                                Kind.UNSUPPORTED,
                                file,
                                "is an EFI zboot kernel compressed with %s; only gzip, xz and lzma are read"
                                        .formatted(kind));
            };
        } catch (IOException e) {
            throw new ImageException(
                    Kind.DAMAGED, file, "has a damaged payload: " + e.getMessage());
        }
    }

    private byte[] inflate(String kind, InputStream in) throws ImageException {
        try (InputStream plain = kind.equals("gzip") ? new GZIPInputStream(in, 1 << 16) : in) {
            byte[] bytes = plain.readNBytes((int) LIMIT);
            if (bytes.length == LIMIT) {
                throw new ImageException(
                        Kind.TOO_LARGE, file, "is larger than 1 GiB when decompressed");
            }
            return bytes;
        } catch (EOFException e) {
            throw new ImageException(
                    Kind.TRUNCATED,
                    file,
                    "is cut short: its %s data ends too early; fetch it again".formatted(kind));
        } catch (IOException e) {
            throw new ImageException(
                    Kind.DAMAGED, file, "has damaged %s data: %s".formatted(kind, e.getMessage()));
        }
    }

    private KernelImage elf(ByteBuffer elf) throws ImageException {
        if (elf.capacity() < ELF_HEADER) {
            throw new ImageException(
                    Kind.TRUNCATED, file, "is cut short: its ELF header is incomplete");
        }
        if (elf.get(5) != 1) {
            throw new ImageException(
                    Kind.WRONG_MACHINE,
                    file,
                    "is a big-endian ELF file; a little-endian one is needed");
        }
        int machine = elf.getShort(18) & 0xffff;
        if (elf.get(4) != 2 || machine != EM_AARCH64) {
            throw new ImageException(
                    Kind.WRONG_MACHINE,
                    file,
                    "is an ELF file for %s; one for AArch64 is needed"
                            .formatted(machineName(machine)));
        }
        long table = elf.getLong(32);
        int entrySize = elf.getShort(54) & 0xffff;
        int count = elf.getShort(56) & 0xffff;
        if (count > 0 && entrySize != ELF_PROGRAM_HEADER || table < 0) {
            throw new ImageException(Kind.DAMAGED, file, "has a damaged ELF header");
        }
        if (table + (long) count * entrySize > elf.capacity()) {
            throw new ImageException(
                    Kind.TRUNCATED, file, "is cut short: its program headers are missing");
        }
        List<Segment> segments = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int header = (int) table + i * entrySize;
            if (elf.getInt(header) == PT_LOAD && elf.getLong(header + 40) != 0) {
                segments.add(segment(elf, header));
            }
        }
        if (segments.isEmpty()) {
            throw new ImageException(
                    Kind.UNSUPPORTED,
                    file,
                    "has nothing to load; is it an object file that was not linked?");
        }
        return new KernelImage(Format.ELF, segments, physical(elf, segments));
    }

    private Segment segment(ByteBuffer elf, int header) throws ImageException {
        long offset = elf.getLong(header + 8);
        long pa = elf.getLong(header + 24);
        long fileSize = elf.getLong(header + 32);
        long memorySize = elf.getLong(header + 40);
        if (offset < 0 || fileSize < 0 || memorySize < fileSize || pa < 0 || pa + memorySize < 0) {
            throw new ImageException(Kind.DAMAGED, file, "has a damaged program header");
        }
        if (offset > elf.capacity() - fileSize) {
            throw new ImageException(
                    Kind.TRUNCATED,
                    file,
                    "is cut short: a segment ends at %d of %d bytes"
                            .formatted(offset + fileSize, elf.capacity()));
        }
        return new Segment(pa, elf.array(), (int) offset, (int) fileSize, memorySize);
    }

    /** The entry point is a virtual address: moved as its segment is. */
    private static long physical(ByteBuffer elf, List<Segment> segments) {
        long entry = elf.getLong(24);
        int table = (int) elf.getLong(32);
        int count = elf.getShort(56) & 0xffff;
        for (int i = 0; i < count; i++) {
            int header = table + i * ELF_PROGRAM_HEADER;
            long va = elf.getLong(header + 16);
            if (elf.getInt(header) == PT_LOAD
                    && entry - va >= 0
                    && entry - va < elf.getLong(header + 40)) {
                return entry - va + elf.getLong(header + 24);
            }
        }
        return entry;
    }

    private static String machineName(int machine) {
        return switch (machine) {
            case 3 -> "32-bit x86";
            case 62 -> "x86-64";
            case 40 -> "32-bit Arm";
            case EM_AARCH64 -> "AArch64 with 32-bit pointers";
            case 243 -> "RISC-V";
            case 8 -> "MIPS";
            case 20, 21 -> "PowerPC";
            case 22 -> "s390";
            default -> "machine " + machine;
        };
    }
}
