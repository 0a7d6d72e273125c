package dev.nido.kvm.mmu;

import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.StampedLock;

/**
 * A piece of the VMM's memory, which memory slots give to guests: host pages that are found when
 * they are first touched, in blocks of 2 MiB where the host has such. It may back several slots, of
 * several VMs; the VMM may give pages back at any time, and they read as zero then.
 *
 * <p>KVM: what {@code userspace_addr} points to: an anonymous mapping of the VMM, with its MMU
 * notifiers.
 */
public final class UserMemory implements AutoCloseable {

    /** Told before and after host pages go away. */
    interface Notifier {

        /** Drops every way that there is to these pages, and lets no new one appear. */
        void beforeChange(long offset, long bytes);

        /** The pages are gone; others may be found in their place. */
        void afterChange();
    }

    private static final VarHandle INTS = MethodHandles.arrayElementVarHandle(int[].class);
    private static final VarHandle CHUNKS = MethodHandles.arrayElementVarHandle(int[][].class);

    /** In {@link #blocks}: this block's memory is in single pages. */
    private static final int IN_PAGES = -1;

    private final HostMemory host;
    private final long bytes;
    private final int pageShift;
    private final boolean wholeBlocks;
    private final long base;

    /** By block: number of its host block plus 1, 0, or {@link #IN_PAGES}. */
    private final int[] blocks;

    /** By block and page: number of the host page plus 1, or 0. */
    private final int[][] pages;

    /** Held for reading while somebody uses an address, for writing while pages go away. */
    private final StampedLock use = new StampedLock();

    private final List<Notifier> notifiers = new CopyOnWriteArrayList<>();
    private boolean closed;

    /** Memory in whole blocks where possible, for pages of 4 KiB. */
    public UserMemory(HostMemory host, long bytes) {
        this(host, bytes, HostMemory.PAGE_SHIFT, true);
    }

    /**
     * Memory of the VMM; nothing is allocated yet.
     *
     * @param bytes a multiple of the page
     * @param pageShift logarithm of the bytes of a page: 12, 14, 16; at least that of the VMs that
     *     use it
     * @param wholeBlocks whether 2 MiB are found at once; else page by page
     * @throws KvmException EINVAL for a size that is not positive and whole pages
     */
    public UserMemory(HostMemory host, long bytes, int pageShift, boolean wholeBlocks) {
        if (bytes <= 0 || (bytes & (1L << pageShift) - 1) != 0) {
            throw new KvmException(Errno.EINVAL, "memory of 0x%x bytes".formatted(bytes));
        }
        this.host = host;
        this.bytes = bytes;
        this.pageShift = pageShift;
        this.wholeBlocks = wholeBlocks;
        this.base = host.memory().physicalBase() & -HostMemory.BLOCK_SIZE;
        int n = Math.toIntExact(bytes + HostMemory.BLOCK_SIZE - 1 >>> HostMemory.BLOCK_SHIFT);
        this.blocks = new int[n];
        this.pages = new int[n][];
    }

    /** Bytes. */
    public long size() {
        return bytes;
    }

    void register(Notifier n) {
        notifiers.add(n);
    }

    void unregister(Notifier n) {
        notifiers.remove(n);
    }

    /**
     * The host's address for an offset, 0 if nothing is there yet. It stays good until pages are
     * given back: see {@link #enter}.
     */
    public long find(long offset) {
        int block = (int) (offset >>> HostMemory.BLOCK_SHIFT);
        int at = (int) INTS.getAcquire(blocks, block);
        if (at > 0) {
            return base
                    + ((long) (at - 1) << HostMemory.BLOCK_SHIFT)
                    + (offset & HostMemory.BLOCK_SIZE - 1);
        }
        if (at == 0) {
            return 0;
        }
        int[] chunk = (int[]) CHUNKS.getAcquire(pages, block);
        int page = chunk == null ? 0 : (int) INTS.getAcquire(chunk, pageIndex(offset));
        return page == 0 ? 0 : pageAddress(page) + (offset & (1L << pageShift) - 1);
    }

    /**
     * The host's address for an offset, where memory is found now if need be; 0 if there is none.
     */
    public long populate(long offset) {
        long pa = find(offset);
        return pa != 0 ? pa : allocate(offset);
    }

    /** Whether the 2 MiB around an offset are contiguous in host memory. */
    boolean isWhole(long offset) {
        return (int) INTS.getAcquire(blocks, (int) (offset >>> HostMemory.BLOCK_SHIFT)) > 0;
    }

    private synchronized long allocate(long offset) {
        if (closed) {
            return 0;
        }
        long there = find(offset);
        if (there != 0) {
            return there;
        }
        int block = (int) (offset >>> HostMemory.BLOCK_SHIFT);
        if (blocks[block] == 0) {
            boolean complete = (long) block + 1 << HostMemory.BLOCK_SHIFT <= bytes;
            long pa = wholeBlocks && complete ? host.allocateBlock() : 0;
            if (pa != 0) {
                INTS.setRelease(blocks, block, (int) (pa - base >>> HostMemory.BLOCK_SHIFT) + 1);
                return pa + (offset & HostMemory.BLOCK_SIZE - 1);
            }
        }
        long pa = host.allocateGuest(pageShift);
        if (pa == 0) {
            return 0;
        }
        if (blocks[block] == 0) {
            pages[block] = new int[1 << HostMemory.BLOCK_SHIFT - pageShift];
            INTS.setRelease(blocks, block, IN_PAGES);
        }
        INTS.setRelease(pages[block], pageIndex(offset), pageNumber(pa));
        return pa + (offset & (1L << pageShift) - 1);
    }

    private int pageIndex(long offset) {
        return (int) (offset & HostMemory.BLOCK_SIZE - 1) >>> pageShift;
    }

    private int pageNumber(long pa) {
        return (int) (pa - base >>> HostMemory.PAGE_SHIFT) + 1;
    }

    private long pageAddress(int number) {
        return base + ((long) (number - 1) << HostMemory.PAGE_SHIFT);
    }

    /** Pages will not go away until {@link #leave}. */
    long enter() {
        return use.readLock();
    }

    void leave(long stamp) {
        use.unlockRead(stamp);
    }

    /** Bytes of host memory that are found. */
    public synchronized long populated() {
        long n = 0;
        for (int b = 0; b < blocks.length; b++) {
            if (blocks[b] > 0) {
                n += HostMemory.BLOCK_SIZE;
            } else if (blocks[b] == IN_PAGES) {
                for (int page : pages[b]) {
                    n += page == 0 ? 0 : 1L << pageShift;
                }
            }
        }
        return n;
    }

    /**
     * Gives pages back to the host ({@code madvise(MADV_DONTNEED)}). All mappings of them go first;
     * what is touched later reads as zero.
     *
     * @param offset a multiple of the page
     * @param length bytes, a multiple of the page
     * @throws KvmException EINVAL if that is not whole pages of this memory
     */
    public void discard(long offset, long length) {
        if ((offset | length) << -pageShift != 0
                || offset < 0
                || length < 0
                || offset > bytes - length) {
            throw new KvmException(
                    Errno.EINVAL,
                    "0x%x bytes at 0x%x of memory of 0x%x".formatted(length, offset, bytes));
        }
        if (length == 0) {
            return;
        }
        for (Notifier n : notifiers) {
            n.beforeChange(offset, length);
        }
        long stamp = use.writeLock();
        try {
            release(offset, offset + length);
        } finally {
            use.unlockWrite(stamp);
            for (Notifier n : notifiers) {
                n.afterChange();
            }
        }
    }

    private synchronized void release(long from, long to) {
        for (long at = from; at < to; ) {
            int block = (int) (at >>> HostMemory.BLOCK_SHIFT);
            long end = (long) block + 1 << HostMemory.BLOCK_SHIFT;
            boolean all = (at & HostMemory.BLOCK_SIZE - 1) == 0 && (to >= end || to == bytes);
            if (blocks[block] > 0) {
                long pa = base + ((long) (blocks[block] - 1) << HostMemory.BLOCK_SHIFT);
                if (all) {
                    INTS.setRelease(blocks, block, 0);
                    host.freeBlock(pa);
                } else {
                    split(block, pa);
                }
            }
            if (blocks[block] == IN_PAGES) {
                releasePages(block, at, Math.min(end, to));
                if (all) {
                    INTS.setRelease(blocks, block, 0);
                    pages[block] = null;
                }
            }
            at = end;
        }
    }

    /** Turns a block into pages, of which some can go. */
    private void split(int block, long pa) {
        host.breakBlock(pa, pageShift);
        int[] chunk = new int[1 << HostMemory.BLOCK_SHIFT - pageShift];
        for (int i = 0; i < chunk.length; i++) {
            chunk[i] = pageNumber(pa + ((long) i << pageShift));
        }
        CHUNKS.setRelease(pages, block, chunk);
        INTS.setRelease(blocks, block, IN_PAGES);
    }

    private void releasePages(int block, long from, long to) {
        int[] chunk = pages[block];
        for (long at = from; at < to; at += 1L << pageShift) {
            int i = pageIndex(at);
            if (chunk[i] != 0) {
                host.put(pageAddress(chunk[i]), pageShift);
                INTS.setRelease(chunk, i, 0);
            }
        }
    }

    /** Gives everything back, for good. Again: no effect. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        discard(0, bytes);
    }
}
