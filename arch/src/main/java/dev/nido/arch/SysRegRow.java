package dev.nido.arch;

/** The facts of one {@link SysReg} while its constant is being made. */
final class SysRegRow {

    final int op0;
    final int op1;
    final int crn;
    final int crm;
    final int op2;
    boolean readable = true;
    boolean writable = true;
    boolean id;
    boolean e2h;
    boolean nv2El1;
    Feature feature;
    Trap trap = Trap.NONE;
    int vncr = -1;
    boolean vncrNv1;
    long reset;

    private SysRegRow(int op0, int op1, int crn, int crm, int op2) {
        this.op0 = op0;
        this.op1 = op1;
        this.crn = crn;
        this.crm = crm;
        this.op2 = op2;
        if (op1 == 4) {
            feature = Feature.EL2;
        }
    }

    static SysRegRow row(int op0, int op1, int crn, int crm, int op2) {
        return new SysRegRow(op0, op1, crn, crm, op2);
    }

    SysRegRow ro() {
        writable = false;
        return this;
    }

    SysRegRow wo() {
        readable = false;
        return this;
    }

    /** A read-only fact that {@link CpuModel#idRegister} answers. */
    SysRegRow id() {
        id = true;
        return ro();
    }

    /** Of the ID space that HCR_EL2.TID3 guards. */
    SysRegRow id3() {
        return id().trap(Trap.TID3);
    }

    SysRegRow on(Feature f) {
        feature = f;
        return this;
    }

    SysRegRow trap(Trap t) {
        trap = t;
        return this;
    }

    SysRegRow vm() {
        return trap(Trap.VM);
    }

    SysRegRow debug() {
        return trap(Trap.TDA);
    }

    SysRegRow pmu() {
        return pmu(Trap.TPM);
    }

    SysRegRow pmu(Trap t) {
        feature = Feature.PMUv3;
        return trap(t);
    }

    SysRegRow ich() {
        return trap(Trap.ICH);
    }

    /** HCR_EL2.E2H gives it an _EL12 or _EL02 alias, and its EL2 counterpart its name at EL2. */
    SysRegRow e2h() {
        e2h = true;
        return this;
    }

    /** FEAT_NV2 keeps it at this byte of the VNCR page, whatever HCR_EL2.NV1 is. */
    SysRegRow vncr(int offset) {
        vncr = offset;
        return this;
    }

    /** The same, but by its own name only with NV1 = 1, by its alias only with NV1 = 0. */
    SysRegRow vncrNv1(int offset) {
        vncr = offset;
        vncrNv1 = true;
        return this;
    }

    /** FEAT_NV2 redirects it to the EL1 register of the same name. */
    SysRegRow nv2El1() {
        nv2El1 = true;
        return this;
    }

    SysRegRow reset(long value) {
        reset = value;
        return this;
    }
}
