/** The hypervisor (L0): the Java counterpart of KVM/arm64, at EL2 of the machine. */
module dev.nido.kvm {
    requires transitive dev.nido.machine;

    exports dev.nido.kvm;
    exports dev.nido.kvm.mmu;
    exports dev.nido.kvm.nested;
    exports dev.nido.kvm.pgtable;
    exports dev.nido.kvm.timer;
    exports dev.nido.kvm.protect;
    exports dev.nido.kvm.psci;
    exports dev.nido.kvm.run;
    exports dev.nido.kvm.sysreg;
    exports dev.nido.kvm.vgic;
}
