package dev.nido.board.guest;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What packing a guest needs to know of an ELF64 file: the shared objects that it asks for
 * (DT_NEEDED), its program interpreter, and a section by its name.
 */
final class ElfFile {

    private static final int PT_LOAD = 1;
    private static final int PT_DYNAMIC = 2;
    private static final int PT_INTERP = 3;
    private static final int DT_NEEDED = 1;
    private static final int DT_STRTAB = 5;

    private final ByteBuffer bytes;

    /**
     * @throws IOException if these bytes are not a little-endian ELF64 file
     */
    ElfFile(String name, byte[] content) throws IOException {
        bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        if (!isElf64(content)) {
            throw new IOException(name + " is not a 64-bit little-endian ELF file");
        }
    }

    static boolean isElf64(byte[] content) {
        return content.length >= 64
                && content[0] == 0x7f
                && content[1] == 'E'
                && content[2] == 'L'
                && content[3] == 'F'
                && content[4] == 2
                && content[5] == 1;
    }

    /** Names in DT_NEEDED entries, in file order. */
    List<String> needed() {
        List<String> names = new ArrayList<>();
        int dynamic = segment(PT_DYNAMIC);
        if (dynamic < 0) {
            return names;
        }
        int from = (int) bytes.getLong(dynamic + 8);
        int to = from + (int) bytes.getLong(dynamic + 32);
        int strings = 0;
        for (int at = from; at < to; at += 16) {
            if (bytes.getLong(at) == DT_STRTAB) {
                strings = offset(bytes.getLong(at + 8));
            }
        }
        for (int at = from; at < to; at += 16) {
            if (bytes.getLong(at) == DT_NEEDED) {
                names.add(string(strings + (int) bytes.getLong(at + 8)));
            }
        }
        return names;
    }

    Optional<String> interpreter() {
        int header = segment(PT_INTERP);
        return header < 0 ? Optional.empty() : Optional.of(string((int) bytes.getLong(header + 8)));
    }

    /** The section's bytes, empty if there is none of that name. */
    byte[] section(String name) {
        int table = (int) bytes.getLong(40);
        int size = bytes.getShort(58) & 0xffff;
        int count = bytes.getShort(60) & 0xffff;
        int names = (int) bytes.getLong(table + (bytes.getShort(62) & 0xffff) * size + 24);
        for (int i = 0; i < count; i++) {
            int header = table + i * size;
            if (string(names + bytes.getInt(header)).equals(name)) {
                byte[] content = new byte[(int) bytes.getLong(header + 32)];
                bytes.get((int) bytes.getLong(header + 24), content);
                return content;
            }
        }
        return new byte[0];
    }

    private int segment(int type) {
        int table = (int) bytes.getLong(32);
        int size = bytes.getShort(54) & 0xffff;
        int count = bytes.getShort(56) & 0xffff;
        for (int i = 0; i < count; i++) {
            if (bytes.getInt(table + i * size) == type) {
                return table + i * size;
            }
        }
        return -1;
    }

    private int offset(long va) {
        int table = (int) bytes.getLong(32);
        int size = bytes.getShort(54) & 0xffff;
        int count = bytes.getShort(56) & 0xffff;
        for (int i = 0; i < count; i++) {
            int header = table + i * size;
            long start = bytes.getLong(header + 16);
            if (bytes.getInt(header) == PT_LOAD
                    && va >= start
                    && va < start + bytes.getLong(header + 32)) {
                return (int) (va - start + bytes.getLong(header + 8));
            }
        }
        return (int) va;
    }

    private String string(int at) {
        int end = at;
        while (bytes.get(end) != 0) {
            end++;
        }
        return new String(bytes.array(), at, end - at, StandardCharsets.UTF_8);
    }
}
