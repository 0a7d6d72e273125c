package dev.nido.kvm.pgtable;

import java.util.ArrayList;
import java.util.List;

/** A context that writes down what it is asked to invalidate. */
class TestContext implements Stage2Context {

    final List<String> flushes = new ArrayList<>();
    final long vtcr;
    boolean arch = true;
    boolean fwb;
    boolean ranges;
    boolean xnx;

    TestContext(long vtcr) {
        this.vtcr = vtcr;
    }

    /** A context for a granule and input size, with the start level that KVM would choose. */
    static TestContext of(int pageShift, int ipaBits) {
        return new TestContext(
                vtcr(pageShift, ipaBits, 4 - Stage2Geometry.levels(pageShift, ipaBits)));
    }

    static long vtcr(int pageShift, int ipaBits, int startLevel) {
        int sl0 = pageShift == 12 ? (startLevel == 3 ? 3 : 2 - startLevel) : 3 - startLevel;
        int tg0 = pageShift == 16 ? 1 : pageShift == 14 ? 2 : 0;
        return 1L << 31 | 5 << 16 | tg0 << 14 | 3 << 12 | 5 << 8 | sl0 << 6 | 64 - ipaBits;
    }

    @Override
    public long vtcr() {
        return vtcr;
    }

    @Override
    public boolean hasArch() {
        return arch;
    }

    @Override
    public void flushVmid() {
        flushes.add("vmid");
    }

    @Override
    public void flushVmidIpa(long ipa, int level) {
        flushes.add("ipa %x %s".formatted(ipa, name(level)));
    }

    @Override
    public void flushVmidIpaNsh(long ipa, int level) {
        flushes.add("nsh %x %s".formatted(ipa, name(level)));
    }

    @Override
    public void flushVmidRange(long ipa, long pages) {
        flushes.add("range %x %d".formatted(ipa, pages));
    }

    private static String name(int level) {
        return level == LEVEL_UNKNOWN ? "?" : Integer.toString(level);
    }

    @Override
    public boolean forceWriteBack() {
        return fwb;
    }

    @Override
    public boolean rangeInvalidation() {
        return ranges;
    }

    @Override
    public boolean executeNeverExtension() {
        return xnx;
    }
}
