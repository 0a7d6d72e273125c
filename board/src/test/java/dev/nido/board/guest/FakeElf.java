package dev.nido.board.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Small ELF files with what packing looks at. */
final class FakeElf {

    private FakeElf() {}

    /** A program or library. @param interpreter its dynamic linker, or null */
    static byte[] of(String interpreter, String... needed) {
        ByteBuffer b = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1);
        b.putLong(32, 64).putShort(54, (short) 56).putShort(56, (short) 3);
        segment(b, 0, 1, 0, 1024);
        segment(b, 1, 2, 512, 16L * (needed.length + 2));
        int strings = 768;
        if (interpreter == null) {
            segment(b, 2, 0, 0, 0);
        } else {
            b.put(400, interpreter.getBytes(StandardCharsets.US_ASCII));
            segment(b, 2, 3, 400, interpreter.length() + 1);
        }
        int at = 512;
        int name = 1;
        for (String n : needed) {
            b.putLong(at, 1).putLong(at + 8, name);
            b.put(strings + name, n.getBytes(StandardCharsets.US_ASCII));
            name += n.length() + 1;
            at += 16;
        }
        b.putLong(at, 5).putLong(at + 8, 0x1_0000 + strings);
        return b.array();
    }

    private static void segment(ByteBuffer b, int index, int type, long offset, long size) {
        int at = 64 + 56 * index;
        b.putInt(at, type)
                .putLong(at + 8, offset)
                .putLong(at + 16, 0x1_0000 + offset)
                .putLong(at + 32, size);
    }

    /** A kernel module with a {@code depends=} line. */
    static byte[] module(String depends) {
        ByteBuffer b = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, 0x464c457f).put(4, (byte) 2).put(5, (byte) 1);
        b.putLong(40, 64).putShort(58, (short) 64).putShort(60, (short) 2).putShort(62, (short) 1);
        byte[] info =
                ("license=GPL\0depends=" + depends + "\0").getBytes(StandardCharsets.US_ASCII);
        b.putInt(64, 1).putLong(64 + 24, 512).putLong(64 + 32, info.length).put(512, info);
        b.putInt(128, 10).putLong(128 + 24, 768).putLong(128 + 32, 20);
        b.put(768, "\0.modinfo\0.names\0".getBytes(StandardCharsets.US_ASCII));
        return b.array();
    }
}
