package dev.nido.board.virtio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;

/**
 * The block device (virtio 1.2, 5.2) on a raw file: read, write, flush, identification. A request
 * is finished when the store that announced it returns. A capacity that is no multiple of 512 bytes
 * is rounded down.
 */
public final class VirtioBlock implements VirtioDevice {

    private static final int SECTOR = 512;
    private static final int HEADER = 16;
    private static final int ID_LENGTH = 20;
    private static final int CHUNK = 1 << 16;
    private static final int SEGMENTS = 254;

    private static final int T_IN = 0;
    private static final int T_OUT = 1;
    private static final int T_FLUSH = 4;
    private static final int T_GET_ID = 8;
    private static final int S_OK = 0;
    private static final int S_IOERR = 1;
    private static final int S_UNSUPP = 2;

    private static final long F_SEG_MAX = 1L << 2;
    private static final long F_RO = 1L << 5;
    private static final long F_BLK_SIZE = 1L << 6;
    private static final long F_FLUSH = 1L << 9;

    private final FileChannel file;
    private final long sectors;
    private final boolean readOnly;
    private final byte[] id = new byte[ID_LENGTH];
    private final byte[] header = new byte[HEADER];
    private final byte[] status = new byte[1];
    private final byte[] chunk = new byte[CHUNK];
    private final ByteBuffer config = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);

    /**
     * @param file open for reading, and for writing unless {@code readOnly}
     * @param name what the guest reads as the disk's serial number; the first 20 ASCII characters
     *     count
     * @throws IOException if the file's size can't be read
     */
    public VirtioBlock(FileChannel file, boolean readOnly, String name) throws IOException {
        this.file = file;
        this.readOnly = readOnly;
        this.sectors = file.size() / SECTOR;
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(text, 0, id, 0, Math.min(text.length, ID_LENGTH));
        config.putLong(0, sectors).putInt(12, SEGMENTS).putInt(20, SECTOR);
    }

    @Override
    public int type() {
        return 2;
    }

    @Override
    public long features() {
        return F_SEG_MAX | F_BLK_SIZE | F_FLUSH | (readOnly ? F_RO : 0);
    }

    @Override
    public int queues() {
        return 1;
    }

    @Override
    public long readConfig(int offset, int size) {
        long value = 0;
        for (int i = 0; i < size && offset + i < config.capacity(); i++) {
            value |= (config.get(offset + i) & 0xffL) << 8 * i;
        }
        return value;
    }

    @Override
    public void notified(int queue, VirtQueue ring) {
        while (ring.next()) {
            if (ring.readable() < HEADER || ring.writable() < 1) {
                throw new VirtQueue.BadRing("block request without header or status");
            }
            ring.read(header, 0, HEADER);
            ByteBuffer request = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
            long room = ring.writable() - 1;
            int result;
            try {
                result = perform(request.getInt(0), request.getLong(8), room, ring);
            } catch (IOException e) {
                result = S_IOERR;
            }
            status[0] = (byte) result;
            // The status is the last byte of the chain, wherever the data ended.
            ring.writeAt(room, status, 0, 1);
            ring.complete();
        }
    }

    private int perform(int type, long sector, long room, VirtQueue ring) throws IOException {
        return switch (type) {
            case T_IN -> readSectors(sector, room, ring);
            case T_OUT -> writeSectors(sector, ring);
            case T_FLUSH -> {
                if (!readOnly) {
                    file.force(false);
                }
                yield S_OK;
            }
            case T_GET_ID -> {
                ring.write(id, 0, (int) Math.min(room, ID_LENGTH));
                yield S_OK;
            }
            default -> S_UNSUPP;
        };
    }

    private boolean inside(long sector, long bytes) {
        long count = bytes / SECTOR;
        return bytes % SECTOR == 0 && sector >= 0 && count <= sectors && sector <= sectors - count;
    }

    private int readSectors(long sector, long bytes, VirtQueue ring) throws IOException {
        if (!inside(sector, bytes)) {
            return S_IOERR;
        }
        long at = sector * SECTOR;
        for (long left = bytes; left > 0; ) {
            ByteBuffer part = ByteBuffer.wrap(chunk, 0, (int) Math.min(left, CHUNK));
            while (part.hasRemaining()) {
                if (file.read(part, at + part.position()) < 0) {
                    return S_IOERR;
                }
            }
            ring.write(chunk, 0, part.limit());
            at += part.limit();
            left -= part.limit();
        }
        return S_OK;
    }

    private int writeSectors(long sector, VirtQueue ring) throws IOException {
        if (readOnly || !inside(sector, ring.readable())) {
            return S_IOERR;
        }
        long at = sector * SECTOR;
        while (ring.readable() > 0) {
            int count = (int) Math.min(ring.readable(), CHUNK);
            ring.read(chunk, 0, count);
            ByteBuffer part = ByteBuffer.wrap(chunk, 0, count);
            while (part.hasRemaining()) {
                at += file.write(part, at);
            }
        }
        return S_OK;
    }
}
