package dev.nido.kvm.mmu;

import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.machine.CodeCache;
import dev.nido.machine.PhysicalMemory;

/**
 * A VM's memory as the VMM and its devices see it, by guest physical address. Pages are found when
 * they are first touched; writes are logged as dirty and drop predecoded instructions; pages that
 * are not the VMM's to touch are refused. Any thread may use it.
 *
 * <p>Values are little endian; an aligned value is read and written as a whole. An access that
 * crosses pages is made page by page, after all of it was found to be allowed.
 *
 * <p>All methods throw {@link KvmException}: EFAULT where no slot has memory, EPERM for a page that
 * belongs to somebody else, ENOMEM when the host has no page.
 *
 * <p>KVM: the VMM's own mapping of guest memory, and {@code kvm_read_guest()}, {@code
 * kvm_write_guest()}.
 */
public final class GuestRam {

    private static final int PAGE = (int) HostMemory.PAGE_SIZE;
    private static final int CODE_LINE = 64;

    private final VmArch arch;
    private final MemorySlots slots;
    private final PhysicalMemory memory;
    private final CodeCache code;
    private final boolean forHost;

    /** What the VMM and its devices use: pages' owners are asked. */
    public GuestRam(VmArch arch, MemorySlots slots) {
        this(arch, slots, true);
    }

    private GuestRam(VmArch arch, MemorySlots slots, boolean forHost) {
        this.forHost = forHost;
        this.arch = arch;
        this.slots = slots;
        this.memory = arch.host().memory();
        this.code = arch.machine().codeCache();
    }

    /** What the hypervisor uses on a guest's behalf: pages become the guest's own first. */
    public static GuestRam ofHypervisor(VmArch arch, MemorySlots slots) {
        return new GuestRam(arch, slots, false);
    }

    /** Whether all bytes have memory that devices may touch. */
    public boolean contains(long ipa, long length) {
        return check(ipa, length) == 0;
    }

    /** 0 or the negative errno with which an access of this range would fail. */
    public int check(long ipa, long length) {
        if (length < 0 || ipa < 0 || ipa + length < ipa) {
            return -Errno.EFAULT;
        }
        for (long at = ipa; at < ipa + length; at = (at | PAGE - 1) + 1) {
            MemorySlot s = slots.find(at);
            if (s == null) {
                return -Errno.EFAULT;
            }
            if (!forHost || arch.ownership() == PageOwnership.UNRESTRICTED) {
                at = Math.max(at, s.ipa() + s.size() - PAGE);
                continue;
            }
            UserMemory m = s.memory();
            long stamp = m.enter();
            try {
                long pa = m.find(s.offsetOf(at) & -PAGE);
                if (pa != 0) {
                    int r = arch.ownership().hostAccess(pa, PAGE);
                    if (r != 0) {
                        return r;
                    }
                }
            } finally {
                m.leave(stamp);
            }
        }
        return 0;
    }

    // Bulk

    /** Copies out of the guest. */
    public void read(long ipa, byte[] target, int at, int length) {
        require(ipa, length);
        int done = 0;
        while (done < length) {
            int n = Math.min(length - done, PAGE - (int) (ipa + done & PAGE - 1));
            MemorySlot s = usable(ipa + done);
            UserMemory m = s.memory();
            long stamp = enter(m);
            try {
                long pa = page(s, ipa + done);
                memory.read(memory.offsetOf(pa), target, at + done, n);
            } finally {
                leave(m, stamp);
            }
            done += n;
        }
    }

    /** Copies into the guest. */
    public void write(long ipa, byte[] source, int at, int length) {
        require(ipa, length);
        int done = 0;
        while (done < length) {
            int n = Math.min(length - done, PAGE - (int) (ipa + done & PAGE - 1));
            MemorySlot s = usable(ipa + done);
            UserMemory m = s.memory();
            long stamp = enter(m);
            try {
                long pa = page(s, ipa + done);
                memory.write(memory.offsetOf(pa), source, at + done, n);
                written(s, ipa + done, pa, n);
            } finally {
                leave(m, stamp);
            }
            done += n;
        }
    }

    /** The slot of an address whose page may be used: on a guest's behalf, only the guest's own. */
    private MemorySlot usable(long ipa) {
        if (!forHost && arch.ownership() != PageOwnership.UNRESTRICTED) {
            int r = claim(ipa);
            if (r != 0) {
                throw refused(r, ipa);
            }
        }
        return slot(ipa);
    }

    /** From now on pages do not go away, and what the host may touch stays so. */
    private long enter(UserMemory m) {
        long stamp = m.enter();
        arch.ownership().enterHostAccess();
        return stamp;
    }

    private void leave(UserMemory m, long stamp) {
        arch.ownership().leaveHostAccess();
        m.leave(stamp);
    }

    private void require(long ipa, long length) {
        int r = check(ipa, length);
        if (r != 0) {
            throw refused(r, ipa);
        }
    }

    private static KvmException refused(int errno, long ipa) {
        return new KvmException(errno, "no access to 0x%x".formatted(ipa));
    }

    private MemorySlot slot(long ipa) {
        MemorySlot s = slots.find(ipa);
        if (s == null) {
            throw refused(Errno.EFAULT, ipa);
        }
        return s;
    }

    /** Host address of a guest address; between enter and leave of its memory. */
    private long page(MemorySlot s, long ipa) {
        long pa = s.memory().populate(s.offsetOf(ipa));
        if (pa == 0) {
            throw refused(Errno.ENOMEM, ipa);
        }
        if (arch.ownership() != PageOwnership.UNRESTRICTED) {
            int r =
                    forHost
                            ? arch.ownership().hostAccess(pa & -PAGE, PAGE)
                            : arch.ownership().guestAccess(arch.vm(), ipa & -PAGE, pa & -PAGE);
            if (r != 0) {
                throw refused(r, ipa);
            }
        }
        return pa;
    }

    /**
     * Makes the page at an address the guest's own, as the guest's fault there would, without
     * mapping it.
     *
     * @return 0, or a negative errno: {@code -EFAULT} where no slot has memory, {@code -ENOMEM},
     *     {@code -EPERM} for a page that belongs to somebody else
     */
    public int claim(long ipa) {
        while (true) {
            long sequence = arch.sequence();
            MemorySlot s = slots.find(ipa);
            if (s == null) {
                return -Errno.EFAULT;
            }
            UserMemory m = s.memory();
            long stamp = m.enter();
            try {
                long pa = m.populate(s.offsetOf(ipa) & -arch.pageSize());
                int r = pa == 0 ? -Errno.ENOMEM : claim(ipa & -arch.pageSize(), pa, sequence);
                if (r != -Errno.EAGAIN) {
                    return r;
                }
            } finally {
                m.leave(stamp);
            }
        }
    }

    private int claim(long ipa, long pa, long sequence) {
        arch.lock().readLock().lock();
        try {
            return arch.changedSince(sequence)
                    ? -Errno.EAGAIN
                    : arch.ownership().claim(arch.vm(), ipa, pa, arch.pageSize());
        } finally {
            arch.lock().readLock().unlock();
        }
    }

    private void written(MemorySlot s, long ipa, long pa, int length) {
        s.markDirty(ipa);
        for (long line = pa & -CODE_LINE; line < pa + length; line += CODE_LINE) {
            code.invalidateLine(line);
        }
    }

    // Single values

    /** Reads 1, 2, 4 or 8 bytes, zero extended. */
    public long get(long ipa, int size) {
        if ((ipa & PAGE - 1) + size > PAGE) {
            byte[] bytes = new byte[size];
            read(ipa, bytes, 0, size);
            long value = 0;
            for (int i = size - 1; i >= 0; i--) {
                value = value << 8 | bytes[i] & 0xff;
            }
            return value;
        }
        MemorySlot s = usable(ipa);
        UserMemory m = s.memory();
        long stamp = enter(m);
        try {
            long offset = memory.offsetOf(page(s, ipa));
            return switch (size) {
                case 1 -> memory.get8(offset) & 0xffL;
                case 2 -> memory.get16(offset) & 0xffffL;
                case 4 -> memory.get32(offset) & 0xffff_ffffL;
                default -> memory.get64(offset);
            };
        } finally {
            leave(m, stamp);
        }
    }

    /** Writes the low 1, 2, 4 or 8 bytes of a value. */
    public void put(long ipa, int size, long value) {
        if ((ipa & PAGE - 1) + size > PAGE) {
            byte[] bytes = new byte[size];
            for (int i = 0; i < size; i++) {
                bytes[i] = (byte) (value >>> 8 * i);
            }
            write(ipa, bytes, 0, size);
            return;
        }
        MemorySlot s = usable(ipa);
        UserMemory m = s.memory();
        long stamp = enter(m);
        try {
            long pa = page(s, ipa);
            long offset = memory.offsetOf(pa);
            switch (size) {
                case 1 -> memory.put8(offset, (byte) value);
                case 2 -> memory.put16(offset, (short) value);
                case 4 -> memory.put32(offset, (int) value);
                default -> memory.put64(offset, value);
            }
            written(s, ipa, pa, size);
        } finally {
            leave(m, stamp);
        }
    }

    /**
     * Replaces an aligned 64-bit value if it is what it is expected to be, in one step.
     *
     * @return whether it was
     */
    public boolean compareAndSet64(long ipa, long expected, long value) {
        MemorySlot s = usable(ipa);
        UserMemory m = s.memory();
        long stamp = enter(m);
        try {
            long pa = page(s, ipa);
            if (memory.compareExchange64(memory.offsetOf(pa), expected, value) != expected) {
                return false;
            }
            written(s, ipa, pa, 8);
            return true;
        } finally {
            leave(m, stamp);
        }
    }

    public int get8(long ipa) {
        return (int) get(ipa, 1);
    }

    public int get16(long ipa) {
        return (int) get(ipa, 2);
    }

    public int get32(long ipa) {
        return (int) get(ipa, 4);
    }

    public long get64(long ipa) {
        return get(ipa, 8);
    }

    public void put8(long ipa, int value) {
        put(ipa, 1, value);
    }

    public void put16(long ipa, int value) {
        put(ipa, 2, value);
    }

    public void put32(long ipa, int value) {
        put(ipa, 4, value);
    }

    public void put64(long ipa, long value) {
        put(ipa, 8, value);
    }
}
