package dev.nido.machine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/**
 * The machine's RAM: one sparse off-heap reservation, committed by the host when first touched.
 *
 * <p>Everything here takes an <em>offset</em> into RAM, not a physical address. The reservation is
 * a power of two and every access masks its offset, so that no error elsewhere can leave it. The
 * accessors for single values are the only place in Nido that touches guest RAM.
 */
public final class PhysicalMemory implements AutoCloseable {

    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    private static final RawAccess RAW = RawAccess.INSTANCE;
    private static final VarHandle INT_ATOMIC =
            JAVA_INT.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle LONG_ATOMIC =
            JAVA_LONG.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN).varHandle();

    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
    private static final int MADV_NOHUGEPAGE = 15;
    private static final int MADV_DONTNEED = 4;

    private final long base;
    private final long mask;
    private final long size;
    private final long physicalBase;
    private final long reserved;
    private boolean closed;

    /**
     * Reserves RAM.
     *
     * @param physicalBase physical address of its first byte, a multiple of 4 KiB
     * @param size bytes, a multiple of 4 KiB
     * @throws IllegalArgumentException if a value is not page aligned or the size not positive
     * @throws OutOfMemoryError if the host refuses the reservation
     */
    public PhysicalMemory(long physicalBase, long size) {
        if ((physicalBase & 0xfff) != 0 || (size & 0xfff) != 0 || size <= 0) {
            throw new IllegalArgumentException(
                    "RAM must be whole 4 KiB pages: base 0x%x, size 0x%x"
                            .formatted(physicalBase, size));
        }
        this.physicalBase = physicalBase;
        this.size = size;
        long power = Long.highestOneBit(size);
        if (power != size) {
            power <<= 1;
        }
        this.reserved = power + 4096;
        this.mask = power - 1;
        this.base = Host.map(reserved);
    }

    /** Physical address of the first byte. */
    public long physicalBase() {
        return physicalBase;
    }

    /** Bytes of RAM. */
    public long size() {
        return size;
    }

    /** Whether all {@code length} bytes from physical address {@code pa} are RAM. */
    public boolean contains(long pa, long length) {
        long offset = pa - physicalBase;
        return offset >= 0 && length <= size && offset <= size - length;
    }

    /** Offset of a physical address; meaningful only where {@link #contains} holds. */
    public long offsetOf(long pa) {
        return pa - physicalBase;
    }

    public byte get8(long offset) {
        return RAW.get8(base + (offset & mask));
    }

    public short get16(long offset) {
        return RAW.get16(base + (offset & mask));
    }

    public int get32(long offset) {
        return RAW.get32(base + (offset & mask));
    }

    public long get64(long offset) {
        return RAW.get64(base + (offset & mask));
    }

    public void put8(long offset, byte value) {
        RAW.put8(base + (offset & mask), value);
    }

    public void put16(long offset, short value) {
        RAW.put16(base + (offset & mask), value);
    }

    public void put32(long offset, int value) {
        RAW.put32(base + (offset & mask), value);
    }

    public void put64(long offset, long value) {
        RAW.put64(base + (offset & mask), value);
    }

    /** Compares and exchanges an aligned word with full ordering; returns the value found. */
    public int compareExchange32(long offset, int expected, int value) {
        return (int)
                INT_ATOMIC.compareAndExchange(ALL, base + (offset & mask & ~3L), expected, value);
    }

    /** Compares and exchanges an aligned doubleword with full ordering; returns the value found. */
    public long compareExchange64(long offset, long expected, long value) {
        return (long)
                LONG_ATOMIC.compareAndExchange(ALL, base + (offset & mask & ~7L), expected, value);
    }

    /**
     * Element {@code index} of an array, without a bounds check where the JVM lets us: for the
     * engine's register file and code pages, whose indices are masked to the array's length. It
     * stands here because this class is the one place that knows how memory is touched.
     */
    public static long getElement(long[] array, int index) {
        return RAW.element(array, index);
    }

    /** Sets element {@code index} of an array; see {@link #getElement}. */
    public static void putElement(long[] array, int index, long value) {
        RAW.setElement(array, index, value);
    }

    /** Copies bytes out of RAM; the range must lie inside it. */
    public void read(long offset, byte[] target, int at, int length) {
        check(offset, length);
        MemorySegment.copy(ALL, ValueLayout.JAVA_BYTE, base + offset, target, at, length);
    }

    /** Copies bytes into RAM; the range must lie inside it. */
    public void write(long offset, byte[] source, int at, int length) {
        check(offset, length);
        MemorySegment.copy(source, at, ALL, ValueLayout.JAVA_BYTE, base + offset, length);
    }

    /**
     * Gives the pages that lie wholly in the range back to the host; they read as zero afterwards.
     */
    public void discard(long offset, long length) {
        check(offset, length);
        long from = (offset + 4095) & ~4095L;
        long to = (offset + length) & ~4095L;
        if (to > from) {
            Host.advise(base + from, to - from, MADV_DONTNEED);
        }
    }

    private void check(long offset, long length) {
        if (offset < 0 || length < 0 || offset > size - length) {
            throw new IndexOutOfBoundsException(
                    "RAM offset 0x%x, length 0x%x, size 0x%x".formatted(offset, length, size));
        }
    }

    /** Unmaps the RAM. All PE and device threads must have been joined. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            Host.unmap(base, reserved);
        }
    }

    /** The three system calls that reserve, advise on and release memory. */
    private static final class Host {
        private static final Linker LINKER = Linker.nativeLinker();
        private static final MethodHandle MMAP =
                handle(
                        "mmap",
                        FunctionDescriptor.of(
                                JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT,
                                JAVA_LONG));
        private static final MethodHandle MUNMAP =
                handle("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));
        private static final MethodHandle MADVISE =
                handle("madvise", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));

        private static MethodHandle handle(String name, FunctionDescriptor type) {
            return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), type);
        }

        static long map(long length) {
            try {
                long address =
                        (long)
                                MMAP.invokeExact(
                                        MemorySegment.NULL,
                                        length,
                                        PROT_READ_WRITE,
                                        MAP_PRIVATE_ANONYMOUS_NORESERVE,
                                        -1,
                                        0L);
                if (address == -1) {
                    throw new OutOfMemoryError(
                            "the host refused to reserve " + length + " bytes of guest RAM");
                }
                advise(address, length, MADV_NOHUGEPAGE);
                return address;
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        }

        static void advise(long address, long length, int advice) {
            try {
                int ignored = (int) MADVISE.invokeExact(address, length, advice);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        }

        static void unmap(long address, long length) {
            try {
                int ignored = (int) MUNMAP.invokeExact(address, length);
            } catch (RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new AssertionError(e);
            }
        }
    }
}
