package dev.nido.machine.mmu;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * A second reading of Arm ARM D8: translates without a TLB, one check after the other, and invents
 * the descriptors that it meets for the first time. Slow and plain on purpose; shares no code with
 * the MMU.
 */
final class ReferenceTranslation {

    /** Invents a descriptor. */
    interface Inventor {
        long descriptor(int stage, int granule, int level);
    }

    // Parameters, as register fields say
    boolean twoPrivileges = true;
    boolean twoRanges = true;

    /** HCR_EL2.{NV, NV1} = {1, 1}: EL1's tables have the format with one privilege level. */
    boolean nv1;

    boolean stage1On = true;
    boolean stage2On;
    boolean wxn;
    boolean pan;
    boolean user;
    boolean ha;
    boolean hd;
    boolean[] tbi = new boolean[2];
    boolean[] epd = new boolean[2];
    boolean[] e0pd = new boolean[2];
    boolean[] hpd = new boolean[2];
    int[] tsz = new int[2];
    int[] granule = new int[2];
    long[] ttbr = new long[2];
    int outputBits;
    int paBits;
    long mair;
    int granule2;
    int tsz2;
    int startLevel2;
    int outputBits2;
    long vttbr;
    boolean ha2;
    boolean hd2;
    boolean ptw;

    // The access
    boolean write;
    boolean execute;
    boolean unaligned;

    /** AT: nothing is updated. */
    boolean probe;

    boolean stage1Only;

    // Outcome
    boolean faulted;
    int status;
    boolean stage2;
    boolean onWalk;
    boolean onUpdate;
    long faultIpa;
    long pa;
    boolean device;
    final Map<Long, Long> updates = new HashMap<>();

    private final MmuRig rig;
    private final Inventor inventor;
    private final Set<Long> met = new HashSet<>();

    ReferenceTranslation(MmuRig rig, Inventor inventor) {
        this.rig = rig;
        this.inventor = inventor;
    }

    private static final class Fault extends RuntimeException {
        private static final long serialVersionUID = 1L;
        final int status;
        final boolean stage2;
        final long ipa;

        Fault(int status, boolean stage2, long ipa) {
            super(null, null, false, false);
            this.status = status;
            this.stage2 = stage2;
            this.ipa = ipa;
        }
    }

    void translate(long va) {
        faulted = false;
        onWalk = false;
        onUpdate = false;
        stage2 = false;
        updates.clear();
        try {
            long ipa = stage1(va);
            pa = ipa;
            if (stage2On && !stage1Only) {
                pa = stage2(ipa, write, execute, user, unaligned, device, false);
            }
        } catch (Fault f) {
            faulted = true;
            status = f.status;
            stage2 = f.stage2;
            faultIpa = f.ipa;
        }
    }

    private long walkStage2(long ipa, boolean forWrite) {
        try {
            boolean keep = device;
            long out = stage2(ipa, forWrite, false, false, false, false, true);
            device = keep;
            return out;
        } catch (Fault f) {
            onWalk = f.stage2;
            throw f;
        }
    }

    private long read(int stage, long at, int granule, int level, long ipa) {
        if (at < MmuRig.RAM || at > MmuRig.RAM + MmuRig.RAM_SIZE - 8) {
            throw new Fault(0x14 + level, stage == 2, ipa);
        }
        if (met.add(at)) {
            rig.put(at, inventor.descriptor(stage, granule, level));
        }
        return updates.getOrDefault(at, rig.at(at));
    }

    /** Whether an access of 8 bytes would touch a descriptor that was met. */
    boolean isDescriptor(long pa) {
        return met.contains(pa & -8L) || met.contains(pa + 7 & -8L);
    }

    private static boolean tooBig(long address, int bits) {
        return bits < 48 && address >>> bits != 0;
    }

    private long stage1(long va) {
        int half = twoRanges ? (int) (va >>> 55 & 1) : 0;
        if (!stage1On) {
            long address = tbi[half] ? va & (1L << 56) - 1 : va;
            if (address >>> paBits != 0) {
                throw new Fault(0, false, 0);
            }
            device = !execute;
            if (device && unaligned) {
                throw new Fault(0x21, false, 0);
            }
            return address;
        }
        int bits = 64 - tsz[half];
        int g = granule[half];
        boolean badSize = tsz[half] < 16 || tsz[half] > (g == 16 ? 47 : 48);
        int top = tbi[half] ? 55 : 63;
        boolean canonical = true;
        for (int b = Math.min(bits, 63); b <= top; b++) {
            canonical &= (va >>> b & 1) == (twoRanges ? half : 0);
        }
        if (badSize || !canonical || epd[half] || user && e0pd[half]) {
            throw new Fault(4, false, 0);
        }
        int stride = g - 3;
        int level = 3;
        for (int covered = g + stride; covered < bits; covered += stride) {
            level--;
        }
        long input = va & (1L << bits) - 1;
        int shift = g + (3 - level) * stride;
        long size = Math.max(8, 8L << bits - shift);
        long table = ttbr[half] & 0xffff_ffff_fffeL;
        table -= table % size;
        if (tooBig(table, outputBits)) {
            throw new Fault(0, false, 0);
        }
        boolean tablePxn = false;
        boolean tableUxn = false;
        boolean tableNoUser = false;
        boolean tableReadOnly = false;
        long d;
        long descriptorIpa;
        long descriptorPa;
        while (true) {
            descriptorIpa = table + (input >>> shift) * 8;
            input &= (1L << shift) - 1;
            descriptorPa = stage2On ? walkStage2(descriptorIpa, false) : descriptorIpa;
            d = read(1, descriptorPa, g, level, 0);
            if ((d & 1) == 0) {
                throw new Fault(4 + level, false, 0);
            }
            if (level == 3 || (d & 2) == 0) {
                break;
            }
            table = d & 0xffff_ffff_ffffL & -(1L << g);
            if (tooBig(table, outputBits)) {
                throw new Fault(level, false, 0);
            }
            if (!hpd[half]) {
                tablePxn |= (d >>> 59 & 1) != 0;
                tableUxn |= (d >>> 60 & 1) != 0;
                tableNoUser |= (d >>> 61 & 1) != 0;
                tableReadOnly |= (d >>> 62 & 1) != 0;
            }
            level++;
            shift -= stride;
        }
        boolean block = (d & 2) == 0;
        if (level == 3 ? block : !(level == 2 || level == 1 && g == 12)) {
            throw new Fault(4 + level, false, 0);
        }
        long oa = d & 0xffff_ffff_ffffL & -(1L << shift);
        if (tooBig(oa, outputBits)) {
            throw new Fault(level, false, 0);
        }
        boolean af = (d >>> 10 & 1) != 0;
        if (!af && !ha) {
            throw new Fault(8 + level, false, 0);
        }
        device = (mair >>> 8 * (d >>> 2 & 7) & 0xf0) == 0;
        if (device && unaligned) {
            throw new Fault(0x21, false, 0);
        }
        boolean readOnly = (d >>> 7 & 1) != 0;
        boolean markable = readOnly && ha && hd && (d >>> 51 & 1) != 0;
        boolean mayWrite = (!readOnly || markable) && !tableReadOnly;
        boolean forUser = twoPrivileges && (d >>> 6 & 1) != 0 && !tableNoUser;
        boolean uxn = (d >>> 54 & 1) != 0 || tableUxn;
        boolean pxn = (d >>> 53 & 1) != 0 || tablePxn;
        boolean r;
        boolean w;
        boolean x;
        if (nv1 && user) {
            r = false;
            w = false;
            x = true;
        } else if (nv1 || !twoPrivileges) {
            r = true;
            w = mayWrite;
            x = !uxn && !(wxn && w);
        } else if (user) {
            r = forUser;
            w = forUser && mayWrite;
            x = !uxn && !(wxn && w);
        } else {
            boolean userWrites = forUser && mayWrite;
            x = !pxn && !userWrites && !(wxn && mayWrite);
            r = !(pan && forUser);
            w = mayWrite && !(pan && forUser);
        }
        if (execute ? !x : write ? !w : !r) {
            throw new Fault(0xc + level, false, 0);
        }
        long marked = d;
        if (!probe) {
            marked |= 1 << 10;
            if (write && markable) {
                marked &= ~(1L << 7);
            }
        }
        if (marked != d) {
            if (stage2On) {
                try {
                    walkStage2(descriptorIpa, true);
                } catch (Fault f) {
                    onUpdate = true;
                    throw f;
                }
            }
            updates.put(descriptorPa, marked);
        }
        return oa | input & (1L << shift) - 1;
    }

    private long stage2(
            long ipa,
            boolean w,
            boolean x,
            boolean asUser,
            boolean misaligned,
            boolean device1,
            boolean walk) {
        int bits = 64 - tsz2;
        int stride = granule2 - 3;
        int below = granule2 + (3 - startLevel2) * stride;
        boolean bad =
                bits > paBits
                        || tsz2 > (granule2 == 16 ? 47 : 48)
                        || bits <= below
                        || bits - below > stride + 4;
        if (bad || ipa >>> bits != 0) {
            throw new Fault(4, true, ipa);
        }
        int level = startLevel2;
        int shift = below;
        long table = vttbr & 0xffff_ffff_fffeL;
        table -= table % (8L << bits - shift);
        if (tooBig(table, outputBits2)) {
            throw new Fault(0, true, ipa);
        }
        long rest = ipa;
        long d;
        long at;
        while (true) {
            at = table + (rest >>> shift) * 8;
            rest &= (1L << shift) - 1;
            d = read(2, at, granule2, level, ipa);
            if ((d & 1) == 0) {
                throw new Fault(4 + level, true, ipa);
            }
            if (level == 3 || (d & 2) == 0) {
                break;
            }
            table = d & 0xffff_ffff_ffffL & -(1L << granule2);
            if (tooBig(table, outputBits2)) {
                throw new Fault(level, true, ipa);
            }
            level++;
            shift -= stride;
        }
        if (level == 3 ? (d & 2) == 0 : !(level == 2 || level == 1 && granule2 == 12)) {
            throw new Fault(4 + level, true, ipa);
        }
        long oa = d & 0xffff_ffff_ffffL & -(1L << shift);
        if (tooBig(oa, outputBits2)) {
            throw new Fault(level, true, ipa);
        }
        if ((d >>> 10 & 1) == 0 && !ha2) {
            throw new Fault(8 + level, true, ipa);
        }
        boolean dev = device1 || (d >>> 4 & 3) == 0;
        if (dev && misaligned) {
            throw new Fault(0x21, false, 0);
        }
        boolean readable = (d >>> 6 & 1) != 0;
        boolean writable = (d >>> 7 & 1) != 0;
        boolean markable = !writable && ha2 && hd2 && (d >>> 51 & 1) != 0;
        int xn = (int) (d >>> 53 & 3);
        boolean executable = xn == 0 || xn == (asUser ? 1 : 3);
        boolean ok = x ? executable : w ? writable || markable : readable;
        if (!ok || walk && ptw && dev) {
            throw new Fault(0xc + level, true, ipa);
        }
        if (!probe) {
            long marked = d | 1 << 10;
            if (w && markable) {
                marked |= 1 << 7;
            }
            if (marked != d) {
                updates.put(at, marked);
            }
        }
        device = dev;
        return oa | rest;
    }
}
