package dev.nido.kvm.mmu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.nido.arch.CpuModel;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.Spsr;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Errno;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.Machine;
import dev.nido.machine.pe.GuestException;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Initialisation of MMU contexts, step by step, and what they do to TLBs. */
class S2MmuTest {

    private final Machine machine = GuestRig.machine(cpu(), 2, null, 16L << 20);
    private final HostMemory host = new HostMemory(machine);
    private final VmidAllocator vmids =
            new VmidAllocator(
                    16,
                    2,
                    machine.tlbMaintenance()::everyVmid,
                    machine.tlbMaintenance()::stage1And2);

    private static CpuModel cpu() {
        return CpuModel.defaultModel().withoutEl2();
    }

    @AfterEach
    void close() {
        machine.close();
    }

    private VmArch vm() {
        return new VmArch(machine, host, vmids, 0);
    }

    private static void refused(int errno, Runnable action) {
        assertThatThrownBy(action::run)
                .asInstanceOf(type(KvmException.class))
                .extracting(KvmException::errno)
                .isEqualTo(errno);
    }

    // Order and failures

    @Test
    void anInitialisedContextKnowsItsVmTableRootAndHasNoVmid() {
        VmArch vm = vm();
        S2Mmu mmu = vm.mmu();
        assertThat(mmu.arch()).isSameAs(vm);
        assertThat(mmu.pgt().context()).isSameAs(mmu);
        assertThat(mmu.pgdPhys()).isEqualTo(mmu.pgt().pgd()).isNotZero();
        assertThat(mmu.vmid().id).isZero();
        assertThat(vm.ipaBits()).isEqualTo(40);
        for (int pe = 0; pe < 2; pe++) {
            assertThat(mmu.lastVcpuRan(pe)).isEqualTo(-1);
        }
        // 40 bits of 4 KiB pages: two concatenated tables.
        assertThat(host.usedPages()).isEqualTo(2);
    }

    @Test
    void aSecondInitialisationIsRefusedAndChangesNothing() {
        VmArch vm = vm();
        Stage2PageTable table = vm.mmu().pgt();
        long used = host.usedPages();
        refused(Errno.EINVAL, () -> vm.mmu().init(vm, 0));
        assertThat(vm.mmu().pgt()).isSameAs(table);
        assertThat(host.usedPages()).isEqualTo(used);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 31, 49, 52, 64})
    void aSizeThatCannotBeIsRefusedBeforeAnythingIsAllocated(int bits) {
        refused(Errno.EINVAL, () -> new VmArch(machine, host, vmids, bits));
        assertThat(host.usedPages()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"32, 4", "39, 1", "40, 2"})
    void theRootHasAsManyPagesAsTheAddressSpaceNeeds(int bits, int pages) {
        VmArch vm = new VmArch(machine, host, vmids, bits);
        assertThat(vm.ipaBits()).isEqualTo(bits);
        assertThat(host.usedPages()).isEqualTo(pages);
    }

    @Test
    void withoutMemoryForTheRootTheContextStaysWithoutTable() {
        VmArch vm = vm();
        while (host.allocateGuest(12) != 0) {
            continue;
        }
        long used = host.usedPages();
        S2Mmu mmu = new S2Mmu();
        refused(Errno.ENOMEM, () -> mmu.init(vm, 0));
        assertThat(mmu.pgt()).isNull();
        assertThat(mmu.pgdPhys()).isZero();
        assertThat(host.usedPages()).isEqualTo(used);
    }

    @Test
    void withoutMemoryForTheArrayOfPesTheRootIsGivenBack() {
        VmArch vm = vm();
        long used = host.usedPages();
        S2Mmu mmu = new S2Mmu(n -> null);
        refused(Errno.ENOMEM, () -> mmu.init(vm, 0));
        assertThat(mmu.pgt()).isNull();
        assertThat(mmu.pgdPhys()).isZero();
        assertThat(host.usedPages()).isEqualTo(used);
    }

    @Test
    void aContextWithoutVmCannotHaveATable() {
        S2Mmu mmu = new S2Mmu();
        assertThat(mmu.hasArch()).isFalse();
        assertThatThrownBy(() -> Stage2PageTable.create(mmu, vm().tables()))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void freeingGivesEverythingBackAndAgainDoesNothing() {
        VmArch vm = vm();
        PageTableCache cache = vm.newCache();
        assertThat(cache.topUp(3)).isTrue();
        assertThat(vm.mmu().pgt().map(0x1000, 0x1000, GuestRig.HOST_RAM, Prot.RWX, cache)).isZero();
        vm.mmu().vttbr(machine.pe(0));
        vm.mmu().put(machine.pe(0));
        assertThat(vmids.used()).isOne();
        cache.free();
        vm.free();
        assertThat(vm.mmu().pgt()).isNull();
        assertThat(vm.mmu().pgdPhys()).isZero();
        assertThat(host.usedPages()).isZero();
        assertThat(vmids.used()).isZero();
        vm.free();
        assertThat(host.usedPages()).isZero();
    }

    @Test
    void vttbrHasTheRootAndTheVmid() {
        VmArch vm = vm();
        long vttbr = vm.mmu().vttbr(machine.pe(1));
        assertThat(vttbr & 0xffff_ffff_ffffL).isEqualTo(vm.mmu().pgdPhys());
        assertThat(vttbr >>> 48).isEqualTo(vmids.number(vm.mmu().vmid())).isNotZero();
    }

    // TLBs

    /** Enters EL1 of a VM on a PE, with stage 1 off. */
    private void enter(Pe pe, S2Mmu mmu) {
        pe.writeRegister(SysReg.HCR_EL2, HcrEl2.VM | HcrEl2.RW | HcrEl2.E2H);
        pe.writeRegister(SysReg.VTCR_EL2, mmu.vtcr());
        pe.writeRegister(SysReg.VTTBR_EL2, mmu.vttbr(pe));
        pe.sys[SysReg.SPSR_EL2.ordinal()] = Spsr.DAIF | 5;
        pe.resumeGuest();
    }

    private void map(VmArch vm, long ipa, long pa) {
        PageTableCache cache = vm.newCache();
        cache.topUp(3);
        assertThat(vm.mmu().pgt().map(ipa, 4096, pa, Prot.RWX, cache)).isZero();
        cache.free();
    }

    /** Makes a page that holds a value. */
    private long page(long value) {
        long pa = host.allocateGuest(12);
        machine.memory().put64(machine.memory().offsetOf(pa), value);
        return pa;
    }

    /** Overwrites the leaf for an address, as nobody may without TLB maintenance. */
    private void pokeLeaf(VmArch vm, long ipa, long pa) {
        long table = vm.mmu().pgdPhys();
        for (int level = 1; level < 3; level++) {
            long d = entry(table, ipa, level);
            table = d & 0xffff_ffff_f000L;
        }
        long at = table + (ipa >>> 12 & 0x1ff) * 8;
        long old = machine.memory().get64(machine.memory().offsetOf(at));
        machine.memory().put64(machine.memory().offsetOf(at), old & ~0xffff_ffff_f000L | pa);
    }

    private long entry(long table, long ipa, int level) {
        long index = ipa >>> 12 + 9 * (3 - level) & (level == 1 ? 0x3ff : 0x1ff);
        return machine.memory().get64(machine.memory().offsetOf(table + index * 8));
    }

    @Test
    void aFlushOfOneContextLeavesTheOtherContextsTlbEntriesAlone() {
        VmArch a = vm();
        VmArch b = vm();
        long stale = page(1);
        long fresh = page(2);
        Pe pe = machine.pe(0);
        for (VmArch vm : new VmArch[] {a, b}) {
            map(vm, 0x5000, stale);
            enter(pe, vm.mmu());
            assertThat(pe.mmu.load(0x5000, 3, 0)).isOne();
            pokeLeaf(vm, 0x5000, fresh);
            assertThat(pe.mmu.load(0x5000, 3, 0)).as("the TLB holds it").isOne();
            pe.leaveGuest();
        }
        b.mmu().flushVmidIpa(0x5008, 3);
        enter(pe, a.mmu());
        assertThat(pe.mmu.load(0x5000, 3, 0)).isOne();
        pe.leaveGuest();
        enter(pe, b.mmu());
        assertThat(pe.mmu.load(0x5000, 3, 0)).isEqualTo(2);
        pe.leaveGuest();
    }

    @Test
    void twoTablesOfOneVmInvalidateWithTheirOwnVmids() {
        VmArch vm = vm();
        S2Mmu other = new S2Mmu();
        other.init(vm, 0);
        assertThat(other.pgt()).isNotSameAs(vm.mmu().pgt());
        long pa = page(1);
        Pe pe = machine.pe(0);
        for (S2Mmu mmu : new S2Mmu[] {vm.mmu(), other}) {
            PageTableCache cache = vm.newCache();
            cache.topUp(3);
            assertThat(mmu.pgt().map(0x5000, 4096, pa, Prot.RWX, cache)).isZero();
            cache.free();
            enter(pe, mmu);
            assertThat(pe.mmu.load(0x5000, 3, 0)).isOne();
            pe.leaveGuest();
        }
        assertThat(vmids.number(other.vmid())).isNotEqualTo(vmids.number(vm.mmu().vmid()));
        // Without maintenance a PE goes on with what it has; only one of the two is told.
        pokeLeaf(vm, 0x5000, page(2));
        other.pgt().unmap(0x5000, 4096);
        enter(pe, vm.mmu());
        assertThat(pe.mmu.load(0x5000, 3, 0)).as("its entry is still there").isOne();
        pe.leaveGuest();
        enter(pe, other);
        assertThatThrownBy(() -> pe.mmu.load(0x5000, 3, 0)).isInstanceOf(GuestException.class);
        pe.leaveGuest();
        other.free();
    }

    @ParameterizedTest
    @ValueSource(strings = {"vmid", "ipa", "range", "local"})
    void everyFlushDropsTheEntry(String kind) {
        VmArch vm = vm();
        long stale = page(1);
        long fresh = page(2);
        Pe pe = machine.pe(1);
        map(vm, 0x7000, stale);
        enter(pe, vm.mmu());
        assertThat(pe.mmu.load(0x7000, 3, 0)).isOne();
        pokeLeaf(vm, 0x7000, fresh);
        pe.leaveGuest();
        switch (kind) {
            case "vmid" -> vm.mmu().flushVmid();
            case "ipa" -> vm.mmu().flushVmidIpa(0x7000, 3);
            case "range" -> vm.mmu().flushVmidRange(0x6000, 3);
            default -> {
                S2Mmu.setHere(pe);
                vm.mmu().flushVmidIpaNsh(0x7000, 3);
                S2Mmu.setHere(null);
            }
        }
        enter(pe, vm.mmu());
        assertThat(pe.mmu.load(0x7000, 3, 0)).isEqualTo(2);
        pe.leaveGuest();
    }

    @Test
    void aLocalFlushLeavesOtherPesAlone() {
        VmArch vm = vm();
        long stale = page(1);
        long fresh = page(2);
        map(vm, 0x7000, stale);
        for (int i = 0; i < 2; i++) {
            enter(machine.pe(i), vm.mmu());
            assertThat(machine.pe(i).mmu.load(0x7000, 3, 0)).isOne();
        }
        pokeLeaf(vm, 0x7000, fresh);
        S2Mmu.setHere(machine.pe(0));
        vm.mmu().flushVmidIpaNsh(0x7000, 3);
        S2Mmu.setHere(null);
        assertThat(machine.pe(0).mmu.load(0x7000, 3, 0)).isEqualTo(2);
        assertThat(machine.pe(1).mmu.load(0x7000, 3, 0)).isOne();
    }

    @Test
    void unmappingIsSeenByAPeAtOnce() {
        VmArch vm = vm();
        map(vm, 0x7000, page(1));
        Pe pe = machine.pe(0);
        enter(pe, vm.mmu());
        assertThat(pe.mmu.load(0x7000, 3, 0)).isOne();
        vm.unmapRange(0x7000, 0x1000);
        assertThatThrownBy(() -> pe.mmu.load(0x7000, 3, 0)).isInstanceOf(GuestException.class);
    }

    /** L0's granule is nobody's business but the PE's, which walks the tables. */
    @ParameterizedTest
    @CsvSource({"12, 40, true", "12, 40, false", "14, 40, true", "14, 47, false", "16, 40, true"})
    void aFaultIsCuredInEveryGranule(int shift, int bits, boolean blocks) {
        long mb = 1 << 20;
        VmArch vm = new VmArch(machine, host, vmids, bits > paBits() ? paBits() : bits, shift);
        MemorySlots slots = new MemorySlots(vm, blocks);
        GuestRam ram = new GuestRam(vm, slots);
        slots.add(0, GuestRig.RAM, 4 * mb);
        PageTableCache cache = vm.newCache();
        Pe pe = machine.pe(0);
        for (long at = 0; at < 4 * mb; at += 0x1_3000) {
            ram.put64(GuestRig.RAM + at, at);
        }
        enter(pe, vm.mmu());
        int faults = 0;
        for (long at = 0; at < 4 * mb; at += 0x1_3000) {
            long ipa = GuestRig.RAM + at;
            try {
                pe.mmu.load(ipa, 3, 0);
            } catch (GuestException e) {
                faults++;
                assertThat(e.ipa).isEqualTo(ipa);
                assertThat(GuestAbort.userAbort(vm, slots, cache, pe, ipa, false, e.iss & 3, false))
                        .isZero();
            }
            assertThat(pe.mmu.load(ipa, 3, 0)).isEqualTo(at);
            pe.mmu.store(ipa, 3, ~at, 0);
            assertThat(ram.get64(ipa)).isEqualTo(~at);
        }
        assertThat(faults).isEqualTo(shift == 12 && blocks ? 2 : 54);
        pe.leaveGuest();
        slots.close();
        cache.free();
        vm.free();
        assertThat(host.usedPages()).isZero();
    }

    private int paBits() {
        return machine.config().cpu().paBits();
    }

    @Test
    void anotherVcpuOnAPeFlushesStageOneOnce() {
        VmArch vm = vm();
        Pe pe = machine.pe(0);
        S2Mmu mmu = vm.mmu();
        assertThat(mmu.load(pe, 0)).as("it has no VMID yet").isFalse();
        mmu.vttbr(pe);
        assertThat(mmu.load(pe, 0)).as("the same again").isFalse();
        assertThat(mmu.load(pe, 1)).as("another one").isTrue();
        assertThat(mmu.load(pe, 1)).as("it, again").isFalse();
        assertThat(mmu.load(pe, 0)).as("and back").isTrue();
        assertThat(mmu.lastVcpuRan(0)).isZero();
        assertThat(mmu.lastVcpuRan(1)).isEqualTo(-1);
        assertThat(mmu.load(machine.pe(1), 1)).as("first on the other PE").isTrue();
        assertThat(mmu.load(machine.pe(1), 1)).as("it, again").isFalse();
    }
}
