package dev.nido.kvm.protect;

import static dev.nido.kvm.Errno.EAGAIN;
import static dev.nido.kvm.Errno.EINVAL;
import static dev.nido.kvm.Errno.ENOMEM;
import static dev.nido.kvm.Errno.EPERM;
import static dev.nido.kvm.protect.ProtectRig.PAGE;
import static dev.nido.kvm.protect.ProtectRig.PAGES;
import static dev.nido.kvm.protect.ProtectRig.RAM;
import static dev.nido.kvm.protect.ProtectRig.SHIFT;
import static dev.nido.kvm.protect.ProtectRig.SIZE;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2Geometry;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.kvm.run.PhysicalCpus;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostStage2Test {

    private static final long BLOCK = 2L << 20;

    private final Machine machine = ProtectRig.machine("default", 2);
    private final MemoryRegions regions = ProtectRig.regions();

    @AfterEach
    void close() {
        machine.close();
    }

    private HostStage2 prepared() {
        HostStage2 s = new HostStage2(machine, regions, SHIFT);
        assertThat(s.prepare(RAM)).isZero();
        return s;
    }

    private static Leaf leafAt(HostStage2 s, long pa) {
        s.lock().lock();
        try {
            assertThat(s.look(pa)).isZero();
            return s.leaf();
        } finally {
            s.lock().unlock();
        }
    }

    private static int setOwner(HostStage2 s, long pa, long size, int owner) {
        s.lock().lock();
        try {
            return s.setOwner(pa, size, owner);
        } finally {
            s.lock().unlock();
        }
    }

    private static int map(HostStage2 s, long pa, long size, int prot) {
        s.lock().lock();
        try {
            return s.map(pa, size, prot);
        } finally {
            s.lock().unlock();
        }
    }

    // Order of preparation

    @Test
    void beforePreparationNothingIsSet() {
        HostStage2 s = new HostStage2(machine, regions, SHIFT);
        assertThat(s.lock()).isNull();
        assertThat(s.mmu().vtcr()).isZero();
        assertThat(s.mmu().hasArch()).isFalse();
        assertThat(s.pool()).isNull();
        assertThat(s.mmu().pgt).isNull();
        assertThat(s.mmu().pgdPhys()).isZero();
        assertThat(s.mmu().vmid).isNegative();
    }

    @ParameterizedTest
    @CsvSource({"8, EINVAL", "-2097152, ENOMEM", "0x20000000, ENOMEM", "0x0ffff000, ENOMEM"})
    void whenThePoolFailsLockAndContextAreUsableAndNothingElseIsSet(String at, String error) {
        HostStage2 s = new HostStage2(machine, regions, SHIFT);
        int expected = error.equals("EINVAL") ? -EINVAL : -ENOMEM;
        assertThat(s.prepare(RAM + Long.decode(at))).isEqualTo(expected);
        assertThat(s.mmu().vtcr()).isNotZero();
        s.lock().lock();
        s.lock().assertHeld();
        s.lock().unlock();
        assertThat(s.mmu().hasArch()).isTrue();
        assertThat(s.pool()).isNull();
        assertThat(s.mmu().pgt).isNull();
        assertThat(s.mmu().pgdPhys()).isZero();
        assertThat(s.mmu().vmid).isNegative();
    }

    @Test
    void whenTheRootFailsThePoolIsThereAndNothingElseIsSet() {
        // Two pages are concatenated to the root of 40 bits; there is one.
        HostStage2 s = new HostStage2(machine, regions, SHIFT, 1);
        assertThat(s.prepare(RAM)).isEqualTo(-ENOMEM);
        assertThat(s.mmu().hasArch()).isTrue();
        assertThat(s.pool().free()).isEqualTo(1);
        assertThat(s.mmu().pgt).isNull();
        assertThat(s.mmu().pgdPhys()).isZero();
        assertThat(s.mmu().vmid).isNegative();
    }

    @Test
    void aPreparationThatFailedCanBeRepeated() {
        HostStage2 s = new HostStage2(machine, regions, SHIFT);
        assertThat(s.prepare(RAM + 8)).isEqualTo(-EINVAL);
        assertThat(s.prepare(RAM - BLOCK)).isEqualTo(-ENOMEM);
        assertThat(s.prepare(RAM + BLOCK)).isZero();
        assertThat(s.pool().base()).isEqualTo(RAM + BLOCK);
        assertThat(s.fault(PAGES)).isZero();
    }

    @Test
    void afterPreparationAllIsSet() {
        HostStage2 s = prepared();
        assertThat(s.mmu().pgt.pgd()).isEqualTo(s.mmu().pgdPhys()).isNotZero();
        assertThat(s.mmu().pgt.context()).isSameAs(s.mmu());
        assertThat(s.mmu().vmid).isZero();
        assertThat(s.pool().free()).isEqualTo(HostStage2.hostS2PgtablePages(regions, SHIFT) - 2);
        assertThat(s.mmu().vttbr()).isEqualTo(s.mmu().pgdPhys());
        assertThat(s.prepare(RAM)).isEqualTo(-EINVAL);
    }

    @ParameterizedTest
    @CsvSource({"40, 12", "42, 12", "44, 12", "48, 12", "40, 14", "48, 14", "40, 16", "48, 16"})
    void theTableCoversAllPhysicalAddresses(int bits, int shift) {
        try (Machine m = ProtectRig.machine("default,pa=" + bits, 1)) {
            HostStage2 s = new HostStage2(m, new MemoryRegions(1L << bits, RAM, RAM + SIZE), shift);
            assertThat(s.prepare(RAM)).isZero();
            assertThat(Stage2Geometry.iaBits(s.mmu().vtcr())).isEqualTo(bits);
            assertThat(Stage2Geometry.pageShift(s.mmu().vtcr())).isEqualTo(shift);
            // HA and VS as the CPU has them, 16-bit VMIDs.
            assertThat(s.mmu().vtcr() >>> 19 & 5).isEqualTo(5);
            assertThat(s.fault((1L << bits) - 8)).isZero();
        }
    }

    @Test
    void thePoolIsLargeEnoughForAllMemoryPageByPageAndAGigabyteOfDevices() {
        HostStage2 s = prepared();
        for (int i = 0; i < regions.count(); i++) {
            MemoryRegions.Range r = regions.region(i);
            assertThat(map(s, r.start(), r.end() - r.start(), Prot.RWX | Prot.SW0)).isZero();
        }
        assertThat(map(s, 1L << 30, 1L << 30, Prot.RW | Prot.SW0)).isZero();
        assertThat(s.recycled()).isZero();
    }

    // Force-PTE

    @ParameterizedTest
    @CsvSource({
        // start and end from the beginning of memory in MiB; R W X SW; forced
        "0, 2, true, true, true, false, false",
        "0, 2, true, true, false, false, true",
        "0, 2, true, false, true, false, true",
        "0, 2, true, true, true, true, true",
        "0, 256, true, true, true, false, false",
        "-2, 0, true, true, false, false, false",
        "-2, 0, true, true, true, false, true",
        "-2, 0, true, false, false, false, true",
        "-2, 0, true, true, false, true, true",
        "256, 258, true, true, false, false, false",
        "256, 258, true, true, true, false, true",
        // memory and device: not entirely memory
        "-2, 2, true, true, false, false, false",
        "-2, 2, true, true, true, false, true",
        "254, 257, true, true, true, false, true",
        "0, 300, true, true, true, false, true",
        "0, 300, true, true, false, false, false",
        "258, 512, true, true, true, false, false",
        "500, 513, true, true, true, false, true"
    })
    void onlyDefaultMappingsMayBeBlocks(
            long from, long to, boolean r, boolean w, boolean x, boolean sw, boolean forced) {
        int prot = (r ? Prot.R : 0) | (w ? Prot.W : 0) | (x ? Prot.X : 0) | (sw ? Prot.SW1 : 0);
        assertThat(new HostForcePte(regions).force(RAM + (from << 20), RAM + (to << 20), prot))
                .isEqualTo(forced);
    }

    // Faults

    @Test
    void memoryIsMappedToItselfWithTheLargestBlockOfItsRegion() {
        HostStage2 s = prepared();
        assertThat(s.fault(RAM + (100L << 20) + 0x123)).isZero();
        Leaf leaf = leafAt(s, RAM + (100L << 20));
        assertThat(leaf.level()).isEqualTo(2);
        assertThat(leaf.outputAddress()).isEqualTo(RAM + (100L << 20));
        assertThat(Stage2PageTable.ptePermissions(leaf.pte())).isEqualTo(Prot.RWX);
        // Device memory below RAM: a block of 1 GiB.
        assertThat(s.fault(0x4123_4567L)).isZero();
        leaf = leafAt(s, 0x4123_4567L);
        assertThat(leaf.level()).isEqualTo(1);
        assertThat(Stage2PageTable.ptePermissions(leaf.pte())).isEqualTo(Prot.RW);
        // Between the regions there are only 2 MiB.
        assertThat(s.fault(RAM + (257L << 20))).isZero();
        assertThat(leafAt(s, RAM + (257L << 20)).level()).isEqualTo(2);
    }

    @Test
    void aRegionThatIsNotAlignedEndsInPages() {
        MemoryRegions odd = new MemoryRegions(1L << 40, RAM, RAM + (64L << 20) + 3 * PAGE);
        HostStage2 s = new HostStage2(machine, odd, SHIFT);
        assertThat(s.prepare(RAM)).isZero();
        long end = RAM + (64L << 20) + 3 * PAGE;
        assertThat(s.fault(end - 1)).isZero();
        Leaf leaf = leafAt(s, end - PAGE);
        assertThat(leaf.level()).isEqualTo(3);
        assertThat(Stage2PageTable.ptePermissions(leaf.pte())).isEqualTo(Prot.RWX);
        assertThat(s.fault(end)).isZero();
        assertThat(Stage2PageTable.ptePermissions(leafAt(s, end).pte())).isEqualTo(Prot.RW);
    }

    @Test
    void aFaultThatSomebodyElseServedMeanwhileIsRaced() {
        HostStage2 s = prepared();
        assertThat(s.fault(PAGES)).isZero();
        assertThat(s.fault(PAGES + 8)).isEqualTo(-EAGAIN);
    }

    @Test
    void aPageOfAnotherIsRefusedAndStaysWhatItIs() {
        HostStage2 s = prepared();
        assertThat(setOwner(s, PAGES, PAGE, 7)).isZero();
        assertThat(s.fault(PAGES + 16)).isEqualTo(-EPERM);
        Leaf leaf = leafAt(s, PAGES);
        assertThat(leaf.valid()).isFalse();
        assertThat(Stage2PageTable.ownerOf(leaf.pte())).isEqualTo(7);
    }

    @Test
    void aFaultBesideAPageOfAnotherMapsNoBlockOverIt() {
        HostStage2 s = prepared();
        assertThat(setOwner(s, PAGES + 5 * PAGE, PAGE, 1)).isZero();
        assertThat(s.fault(PAGES)).isZero();
        assertThat(leafAt(s, PAGES).level()).isEqualTo(3);
        assertThat(Stage2PageTable.ownerOf(leafAt(s, PAGES + 5 * PAGE).pte())).isEqualTo(1);
        // The next 2 MiB are free of owners.
        assertThat(s.fault(PAGES + BLOCK)).isZero();
        assertThat(leafAt(s, PAGES + BLOCK).level()).isEqualTo(2);
    }

    @Test
    void takingAPageOutOfABlockLeavesTheRestToFaults() {
        HostStage2 s = prepared();
        assertThat(s.fault(PAGES)).isZero();
        assertThat(setOwner(s, PAGES + PAGE, PAGE, 3)).isZero();
        assertThat(leafAt(s, PAGES).valid()).isFalse();
        assertThat(s.fault(PAGES)).isZero();
        assertThat(leafAt(s, PAGES).level()).isEqualTo(3);
        assertThat(s.fault(PAGES + PAGE)).isEqualTo(-EPERM);
    }

    @Test
    void theFaultingAddressComesFromHpfar() {
        HostStage2 s = prepared();
        PhysicalCpus cpus = new PhysicalCpus(machine);
        cpus.get(1).write(SysReg.HPFAR_EL2, PAGES >>> 8);
        assertThat(s.handleHostMemAbort(cpus.get(1))).isZero();
        assertThat(leafAt(s, PAGES).outputAddress()).isEqualTo(PAGES & -BLOCK);
        assertThat(s.handleHostMemAbort(cpus.get(1))).isEqualTo(-EAGAIN);
    }

    // Rules of the table

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 255})
    void ownersAreAnnotatedPageByPage(int owner) {
        HostStage2 s = prepared();
        assertThat(setOwner(s, PAGES, 2 * PAGE, owner)).isZero();
        assertThat(Stage2PageTable.ownerOf(leafAt(s, PAGES + PAGE).pte())).isEqualTo(owner);
        assertThat(leafAt(s, PAGES + 2 * PAGE).pte()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 256, 1 << 20})
    void ownersThatDoNotFitAreRefused(int owner) {
        HostStage2 s = prepared();
        assertThat(setOwner(s, PAGES, PAGE, owner)).isEqualTo(-EINVAL);
        assertThat(leafAt(s, PAGES).pte()).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 256L << 20, SIZE})
    void whatIsNoMemoryHasNoOwner(long at) {
        HostStage2 s = prepared();
        long pa = at == 0 ? 0x900_0000L : RAM + at;
        assertThat(setOwner(s, pa, PAGE, 1)).isEqualTo(-EINVAL);
    }

    @Test
    void onlyTheIdentityCanBeMapped() {
        HostStage2 s = prepared();
        assertThat(s.mmu().pgt.map(PAGES, PAGE, PAGES + PAGE, Prot.RWX, new PoolMemory(s.pool())))
                .isEqualTo(-EINVAL);
        assertThat(leafAt(s, PAGES).pte()).isZero();
    }

    @Test
    void everythingNeedsTheLock() {
        HostStage2 s = prepared();
        assertThatThrownBy(() -> s.look(PAGES)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> s.map(PAGES, PAGE, Prot.RWX))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> s.unmap(PAGES, PAGE)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> s.setOwner(PAGES, PAGE, 1))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> s.faultLocked(PAGES)).isInstanceOf(IllegalStateException.class);
        GuestPages guest = new GuestPages(s.lock(), new Owner(2), SHIFT);
        assertThatThrownBy(() -> guest.state(0)).isInstanceOf(IllegalStateException.class);
        HypPages hyp = new HypPages(s.lock(), SHIFT);
        assertThatThrownBy(() -> hyp.state(PAGES)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> hyp.pin(PAGES, PAGE, 1)).isInstanceOf(IllegalStateException.class);
    }

    // The pool runs out

    @Test
    void whenThePoolRunsOutDevicesGoAndMemoryStays() {
        // Root, one table of level 2 and one of level 3 for memory, and two for devices.
        HostStage2 s = new HostStage2(machine, regions, SHIFT, 2 + 2 + 2);
        assertThat(s.prepare(RAM)).isZero();
        assertThat(setOwner(s, PAGES, PAGE, 1)).isZero();
        // Device pages that force tables of their own.
        assertThat(map(s, 0x900_0000L, PAGE, Prot.R)).isZero();
        assertThat(s.pool().free()).isZero();
        assertThat(s.recycled()).isZero();
        assertThat(setOwner(s, PAGES + BLOCK, PAGE, 2)).isZero();
        assertThat(s.recycled()).isEqualTo(1);
        assertThat(leafAt(s, 0x900_0000L).pte()).isZero();
        assertThat(Stage2PageTable.ownerOf(leafAt(s, PAGES).pte())).isEqualTo(1);
        assertThat(Stage2PageTable.ownerOf(leafAt(s, PAGES + BLOCK).pte())).isEqualTo(2);
        // The device comes back with the next fault.
        assertThat(s.fault(0x900_0000L)).isZero();
    }

    @Test
    void whenNothingCanBeRecycledTheRequestFailsAndRetriesOnce() {
        HostStage2 s = new HostStage2(machine, regions, SHIFT, 2 + 2);
        assertThat(s.prepare(RAM)).isZero();
        assertThat(setOwner(s, PAGES, PAGE, 1)).isZero();
        assertThat(s.pool().free()).isZero();
        assertThat(setOwner(s, PAGES + BLOCK, PAGE, 2)).isEqualTo(-ENOMEM);
        assertThat(s.recycled()).isEqualTo(1);
        assertThat(Stage2PageTable.ownerOf(leafAt(s, PAGES).pte())).isEqualTo(1);
    }

    @Test
    void tablesOfPagesThatCameBackAreFreedAgain() {
        HostStage2 s = prepared();
        int free = s.pool().free();
        assertThat(setOwner(s, PAGES, 16 * PAGE, 9)).isZero();
        assertThat(s.pool().free()).isEqualTo(free - 2);
        s.lock().lock();
        try {
            assertThat(s.unmap(PAGES, 16 * PAGE)).isZero();
        } finally {
            s.lock().unlock();
        }
        assertThat(s.pool().free()).isEqualTo(free);
    }

    // Finalisation

    @Test
    void aPeIsPutBehindTheTableOnce() {
        HostStage2 s = prepared();
        PhysicalCpus cpus = new PhysicalCpus(machine);
        long before = cpus.get(0).read(SysReg.HCR_EL2);
        assertThat(s.finalise(cpus.get(0))).isZero();
        assertThat(cpus.get(0).read(SysReg.HCR_EL2)).isEqualTo(before | HcrEl2.VM);
        assertThat(cpus.get(0).read(SysReg.VTTBR_EL2)).isEqualTo(s.mmu().pgdPhys());
        assertThat(cpus.get(0).read(SysReg.VTCR_EL2)).isEqualTo(s.mmu().vtcr());
        assertThat(s.params(cpus.get(0)).hcr()).isEqualTo(before | HcrEl2.VM);
        assertThat(s.finalise(cpus.get(0))).isEqualTo(-EPERM);
        // The other PE is as it was.
        assertThat(s.params(cpus.get(1))).isNull();
        assertThat(cpus.get(1).read(SysReg.HCR_EL2) & HcrEl2.VM).isZero();
    }

    @Test
    void beforePreparationNoPeIsPutBehindTheTable() {
        HostStage2 s = new HostStage2(machine, regions, SHIFT);
        PhysicalCpus cpus = new PhysicalCpus(machine);
        assertThat(s.finalise(cpus.get(0))).isEqualTo(-EINVAL);
        assertThat(cpus.get(0).read(SysReg.HCR_EL2) & HcrEl2.VM).isZero();
    }
}
