package dev.nido.board.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.SplittableRandom;

class VirtioTest {

    private static final long DATA = DriverRing.RAM + 0x4_0000L;
    private static final long HEADER = DriverRing.RAM + 0x2_0000L;
    private static final long STATUS = DriverRing.RAM + 0x2_1000L;
    private static final int NEEDS_RESET = 64;

    @TempDir private Path directory;

    private final DriverRing.Memory memory = new DriverRing.Memory();
    private boolean line;

    private VirtioMmio transport(VirtioDevice device) {
        return new VirtioMmio(device, memory, level -> line = level);
    }

    private DriverRing started(VirtioMmio transport, int queue) {
        DriverRing.negotiate(transport);
        DriverRing ring = new DriverRing(memory, transport, queue).setUp();
        DriverRing.driverOk(transport);
        return ring;
    }

    private static VirtioRng rng() {
        return new VirtioRng(new SplittableRandom(1));
    }

    private VirtioBlock disk(boolean readOnly) throws Exception {
        Path file = directory.resolve("disk");
        byte[] content = new byte[16 * 512];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i / 512 + 1);
        }
        Files.write(file, content);
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        return new VirtioBlock(channel, readOnly, "serial");
    }

    private void request(
            DriverRing ring, int type, long sector, long data, int length, boolean deviceWrites) {
        memory.put32(HEADER, type);
        memory.put32(HEADER + 8, (int) sector);
        memory.put32(HEADER + 12, (int) (sector >>> 32));
        memory.put16(STATUS, 0x5555);
        ring.offer(
                new long[] {HEADER, 16, 0},
                new long[] {data, length, deviceWrites ? 1 : 0},
                new long[] {STATUS, 1, 1});
        ring.kick();
    }

    private int status() {
        return memory.get16(STATUS) & 0xff;
    }

    @Test
    void anEmptySlotHasDeviceTypeZero() {
        VirtioMmio empty = transport(null);
        assertThat(empty.read(0, 4)).isEqualTo(0x74726976);
        assertThat(empty.read(4, 4)).isEqualTo(2);
        assertThat(empty.read(8, 4)).isZero();
        empty.write(0x70, 4, 1);
        assertThat(empty.read(0x70, 4)).isZero();
    }

    @Test
    void aDriverWithoutVersion1IsNotAccepted() {
        VirtioMmio transport = transport(rng());
        transport.write(0x70, 4, 11);
        assertThat(transport.read(0x70, 4)).isEqualTo(3);
        DriverRing.negotiate(transport);
        assertThat(transport.read(0x70, 4)).isEqualTo(11);
    }

    @Test
    void entropyIsDeliveredInsideTheNotifyAndInterrupts() {
        VirtioMmio transport = transport(rng());
        DriverRing ring = started(transport, 0);
        ring.offer(new long[] {DATA, 64, 1});
        assertThat(ring.used()).isZero();
        ring.kick();
        assertThat(ring.used()).isEqualTo(1);
        assertThat(ring.usedLength(0)).isEqualTo(64);
        assertThat(memory.get64(DATA)).isNotZero();
        assertThat(line).isTrue();
        assertThat(transport.read(0x60, 4)).isEqualTo(1);
        transport.write(0x64, 4, 1);
        assertThat(line).isFalse();
    }

    @Test
    void noInterruptWhenTheDriverAsksForNone() {
        DriverRing ring = started(transport(rng()), 0);
        ring.noInterrupts();
        ring.offer(new long[] {DATA, 64, 1});
        ring.kick();
        assertThat(ring.used()).isEqualTo(1);
        assertThat(line).isFalse();
    }

    @Test
    void theRingWrapsAround() {
        DriverRing ring = started(transport(rng()), 0);
        for (int i = 0; i < 70_000; i++) {
            ring.offer(new long[] {DATA, 8, 1});
            ring.kick();
        }
        assertThat(ring.used()).isEqualTo(70_000 & 0xffff);
    }

    @Test
    void consoleOutputGathersTheChain() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        VirtioMmio transport = transport(new VirtioConsole(out::write));
        DriverRing ring = started(transport, 1);
        memory.write(DATA, "hello world".getBytes(StandardCharsets.US_ASCII), 0, 11);
        ring.offer(new long[] {DATA, 6, 0}, new long[] {DATA + 6, 5, 0});
        ring.kick();
        assertThat(out.toString(StandardCharsets.US_ASCII)).isEqualTo("hello world");
    }

    @Test
    void consoleInputWaitsForBuffersAndIsSplitOverThem() {
        VirtioConsole console = new VirtioConsole((bytes, at, length) -> {});
        VirtioMmio transport = transport(console);
        console.receive("abcdef".getBytes(StandardCharsets.US_ASCII), 0, 6);
        DriverRing ring = started(transport, 0);
        ring.offer(new long[] {DATA, 4, 1});
        ring.offer(new long[] {DATA + 4, 4, 1});
        ring.kick();
        assertThat(ring.used()).isEqualTo(2);
        assertThat(ring.usedLength(1)).isEqualTo(2);
        byte[] read = new byte[6];
        memory.read(DATA, read, 0, 6);
        assertThat(new String(read, StandardCharsets.US_ASCII)).isEqualTo("abcdef");
        ring.offer(new long[] {DATA + 8, 4, 1});
        console.receive(new byte[] {'g'}, 0, 1);
        assertThat(ring.used()).isEqualTo(3);
    }

    @Test
    void blockReadsAndWritesWholeSectors() throws Exception {
        DriverRing ring = started(transport(disk(false)), 0);
        request(ring, 0, 3, DATA, 1024, true);
        assertThat(status()).isZero();
        assertThat(ring.usedLength(0)).isEqualTo(1025);
        assertThat(memory.get32(DATA)).isEqualTo(0x04040404);
        assertThat(memory.get32(DATA + 512)).isEqualTo(0x05050505);
        memory.put32(DATA, 0x1234_5678);
        request(ring, 1, 7, DATA, 512, false);
        assertThat(status()).isZero();
        request(ring, 4, 0, DATA, 0, false);
        assertThat(status()).isZero();
        assertThat(Files.readAllBytes(directory.resolve("disk"))[7 * 512]).isEqualTo((byte) 0x78);
    }

    @Test
    void blockRefusesWhatIsOutsideOrReadOnly() throws Exception {
        DriverRing ring = started(transport(disk(true)), 0);
        request(ring, 0, 15, DATA, 1024, true);
        assertThat(status()).isEqualTo(1);
        request(ring, 0, Long.MAX_VALUE, DATA, 512, true);
        assertThat(status()).isEqualTo(1);
        request(ring, 1, 0, DATA, 512, false);
        assertThat(status()).isEqualTo(1);
        request(ring, 77, 0, DATA, 512, true);
        assertThat(status()).isEqualTo(2);
        request(ring, 8, 0, DATA, 20, true);
        assertThat(memory.get16(DATA)).isEqualTo('s' | 'e' << 8);
    }

    @Test
    void capacityAndReadOnlyAreTold() throws Exception {
        VirtioMmio transport = transport(disk(true));
        assertThat(transport.read(0x100, 8)).isEqualTo(16);
        assertThat(transport.read(0x100 + 20, 4)).isEqualTo(512);
        transport.write(0x14, 4, 0);
        assertThat(transport.read(0x10, 4) >> 5 & 1).isEqualTo(1);
    }

    @Test
    void indirectTablesAreFollowed() throws Exception {
        DriverRing ring = started(transport(disk(false)), 0);
        long table = DriverRing.RAM + 0x3_0000L;
        memory.put32(HEADER, 0);
        memory.put32(HEADER + 8, 1);
        ring.putDescriptor(table, HEADER, 16, 1, 1);
        ring.putDescriptor(table + 16, DATA, 512, 3, 2);
        ring.putDescriptor(table + 32, STATUS, 1, 2, 0);
        ring.offerHead(ring.descriptor(table, 48, 4, 0));
        ring.kick();
        assertThat(status()).isZero();
        assertThat(memory.get32(DATA)).isEqualTo(0x02020202);
    }

    private void breaks(VirtioMmio transport, DriverRing ring) {
        ring.kick();
        assertThat(transport.read(0x70, 4) & NEEDS_RESET).isEqualTo(NEEDS_RESET);
        assertThat(transport.read(0x60, 4) & 2).isEqualTo(2);
        assertThat(line).isTrue();
        transport.write(0x70, 4, 0);
        assertThat(line).isFalse();
    }

    @Test
    void aBrokenRingNeedsAReset() {
        VirtioMmio transport = transport(rng());
        DriverRing loop = started(transport, 0);
        loop.descriptor(DATA, 4, 3, 0);
        loop.offerHead(0);
        breaks(transport, loop);

        DriverRing outside = started(transport, 0);
        outside.offerHead(outside.descriptor(0x1000, 64, 2, 0));
        breaks(transport, outside);

        DriverRing beyond = started(transport, 0);
        beyond.offerHead(DriverRing.SIZE);
        breaks(transport, beyond);

        DriverRing ahead = started(transport, 0);
        ahead.setAvailableIndex(1000);
        breaks(transport, ahead);
    }

    @Test
    void randomRingsNeitherHangNorEscape() throws Exception {
        Random random = new Random(11);
        VirtioMmio transport = transport(disk(false));
        byte[] junk = new byte[0x4000];
        for (int i = 0; i < 3_000; i++) {
            random.nextBytes(junk);
            memory.write(DriverRing.RAM, junk, 0, junk.length);
            DriverRing ring = started(transport, 0);
            for (int d = 0; d < DriverRing.SIZE; d++) {
                long pa =
                        random.nextInt(4) == 0
                                ? random.nextLong()
                                : DATA + random.nextInt(0x1_0000);
                ring.descriptor(
                        pa,
                        random.nextInt(2048) - 1,
                        random.nextInt(8),
                        random.nextInt(DriverRing.SIZE + 1));
            }
            ring.offerHead(random.nextInt(DriverRing.SIZE));
            ring.kick();
            for (int r = 0; r < 8; r++) {
                transport.write(random.nextInt(0x200) & ~3, 4, random.nextInt());
                transport.read(random.nextInt(0x200), 1 << random.nextInt(4));
            }
        }
        transport.write(0x70, 4, 0);
        assertThat(transport.read(0x70, 4)).isZero();
    }
}
