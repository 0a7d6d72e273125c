package dev.nido.kvm.sysreg;

import dev.nido.arch.SysReg;
import dev.nido.kvm.Vcpu;

import java.util.function.BiPredicate;

/**
 * One system register, or system instruction, that the hypervisor emulates or shows to user space
 * (KVM: {@code struct sys_reg_desc}).
 *
 * <p>What a row lacks is refused: without {@link Read} the guest's MRS is UNDEFINED, without {@link
 * UserGet} the register is not one of KVM_GET_ONE_REG.
 */
public final class EmulatedRegister {

    /** The guest reads: MRS. */
    @FunctionalInterface
    public interface Read {
        long read(Vcpu vcpu, EmulatedRegister r);
    }

    /** The guest writes: MSR, SYS. */
    @FunctionalInterface
    public interface Write {
        void write(Vcpu vcpu, EmulatedRegister r, long value);
    }

    /** User space reads. */
    @FunctionalInterface
    public interface UserGet {
        long get(Vcpu vcpu, EmulatedRegister r);
    }

    /** User space writes; refuses with a {@link dev.nido.kvm.KvmException}. */
    @FunctionalInterface
    public interface UserSet {
        void set(Vcpu vcpu, EmulatedRegister r, long value);
    }

    private final int key;
    private final String name;
    private final SysReg register;
    private Read read;
    private Write write;
    private UserGet userGet;
    private UserSet userSet;
    private BiPredicate<Vcpu, EmulatedRegister> exists = (vcpu, r) -> true;

    private EmulatedRegister(int key, String name, SysReg register) {
        this.key = key;
        this.name = name;
        this.register = register;
    }

    /** A row for an encoding; nothing is possible yet. */
    static EmulatedRegister of(int key, String name, SysReg register) {
        return new EmulatedRegister(key, name, register);
    }

    EmulatedRegister read(Read f) {
        read = f;
        return this;
    }

    EmulatedRegister write(Write f) {
        write = f;
        return this;
    }

    EmulatedRegister user(UserGet get, UserSet set) {
        userGet = get;
        userSet = set;
        return this;
    }

    /** When it is there at all: for the guest and for user space. */
    EmulatedRegister when(BiPredicate<Vcpu, EmulatedRegister> condition) {
        exists = condition;
        return this;
    }

    /** Its encoding ({@link SysReg#key}). */
    public int key() {
        return key;
    }

    public String name() {
        return name;
    }

    /** The register, or null for a system instruction. */
    public SysReg register() {
        return register;
    }

    /** Whether it is there for a vCPU; an access to what is not is UNDEFINED. */
    public boolean exists(Vcpu vcpu) {
        return exists.test(vcpu, this);
    }

    /** Whether the guest's accesses of this direction are emulated. */
    public boolean emulates(boolean reading) {
        return reading ? read != null : write != null;
    }

    long read(Vcpu vcpu) {
        return read.read(vcpu, this);
    }

    void write(Vcpu vcpu, long value) {
        write.write(vcpu, this, value);
    }

    /** Whether user space sees it. */
    public boolean forUser() {
        return userGet != null;
    }

    long userGet(Vcpu vcpu) {
        return userGet.get(vcpu, this);
    }

    void userSet(Vcpu vcpu, long value) {
        userSet.set(vcpu, this, value);
    }

    @Override
    public String toString() {
        return name;
    }
}
