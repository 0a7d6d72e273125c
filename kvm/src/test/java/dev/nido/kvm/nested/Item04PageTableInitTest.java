package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.Errno;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.KvmException;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.mmu.HostMemory;
import dev.nido.kvm.mmu.PageTableCache;
import dev.nido.kvm.mmu.S2Mmu;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.kvm.pgtable.Stage2PageTable;
import dev.nido.machine.Machine;
import dev.nido.machine.pe.Pe;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Page tables of many contexts of one VM: each belongs to its context and to no other. */
class Item04PageTableInitTest {

    private static final long VTCR = 0x8002_3558L;

    private final CpuModel cpu = HostedGuest.hypervisorCpu(true);
    private final Machine machine = HostedGuest.nestingMachine(Feature.NV2, cpu, 2, false);
    private final Hypervisor hypervisor = new Hypervisor(machine);
    private final Vm vm = hypervisor.createVm(VmConfig.of(cpu));
    private final PageTableCache cache = new PageTableCache(hypervisor.memory(), 12);
    private final List<Integer> invalidated = new ArrayList<>();

    private void create(int vcpus) {
        for (int i = 0; i < vcpus; i++) {
            vm.createVcpu(i);
        }
        hypervisor.setTracer(
                new Tracer() {
                    @Override
                    public void tlbi(Vm of, int vmid, long ipa, long bytes) {
                        invalidated.add(vmid);
                    }
                });
    }

    @AfterEach
    void nothingIsLeft() {
        cache.free();
        hypervisor.close();
        assertThat(hypervisor.memory().usedPages()).isZero();
        assertThat(hypervisor.vmids().used()).isZero();
        machine.close();
    }

    private ShadowMmu context(int vcpu, int vmid) {
        return vm.shadows().get(vcpu, 0x4100_0000L | (long) vmid << 48, VTCR, true);
    }

    private int map(S2Mmu mmu, Pe pe) {
        int number = (int) (mmu.vttbr(pe) >>> 48);
        cache.topUp(mmu.pgt().minPages());
        assertThat(mmu.pgt().map(0x1000, 4096, 0x80_0000_0000L, Prot.RW, cache)).isZero();
        return number;
    }

    private static void refused(int errno, Runnable action) {
        assertThatThrownBy(action::run)
                .asInstanceOf(type(KvmException.class))
                .extracting(KvmException::errno)
                .isEqualTo(errno);
    }

    @Test
    void unmappingInOneContextInvalidatesByItsVmidAndByNoOther() {
        create(2);
        ShadowMmu a = context(0, 1);
        ShadowMmu b = context(1, 2);
        int ofA = map(a.mmu(), machine.pe(0));
        int ofB = map(b.mmu(), machine.pe(1));
        assertThat(ofA).isNotEqualTo(ofB).isNotZero();
        invalidated.clear();
        b.unmap(0x1000, 4096);
        assertThat(invalidated).isNotEmpty().containsOnly(ofB);
        assertThat(a.mmu().pgt().context()).isSameAs(a.mmu());
        invalidated.clear();
        a.unmap(0x1000, 4096);
        assertThat(invalidated).isNotEmpty().containsOnly(ofA);
        vm.shadows().put(a);
        vm.shadows().put(b);
    }

    @Test
    void aContextThatIsInitialisedAgainStaysAsItIs() {
        create(1);
        ShadowMmu a = context(0, 1);
        Stage2PageTable table = a.mmu().pgt();
        long used = hypervisor.memory().usedPages();
        a.mmu().init(vm.arch(), 40);
        assertThat(a.mmu().pgt()).isSameAs(table);
        assertThat(hypervisor.memory().usedPages()).isEqualTo(used);
        refused(Errno.EINVAL, () -> vm.arch().mmu().init(vm.arch(), 40));
        vm.shadows().put(a);
    }

    @Test
    void itsAddressesHaveAsManyBitsAsTheGuestsPhysicalOnes() {
        create(1);
        ShadowMmu a = context(0, 1);
        assertThat(a.mmu().pgt().geometry().iaBits()).isEqualTo(cpu.paBits());
        assertThat(a.mmu().vtcr() & 63).isEqualTo(64 - cpu.paBits());
        assertThat(a.mmu().pgdPhys()).isEqualTo(a.mmu().pgt().pgd()).isNotZero();
        vm.shadows().put(a);
    }

    @Test
    void withoutMemoryForNewContextsTheOldOnesAreUntouched() {
        create(1);
        ShadowMmu a = context(0, 1);
        HostMemory memory = hypervisor.memory();
        List<Long> pages = new ArrayList<>();
        for (long pa = memory.allocateTable(12); pa != 0; pa = memory.allocateTable(12)) {
            pages.add(pa);
        }
        // Three pages: not enough for the roots of two contexts of two pages each.
        for (int i = 0; i < 3; i++) {
            memory.put(pages.removeLast(), 12);
        }
        long used = memory.usedPages();
        int count = vm.shadows().count();
        refused(Errno.ENOMEM, () -> vm.shadows().grow(2));
        assertThat(vm.shadows().count()).isEqualTo(count);
        assertThat(memory.usedPages()).isEqualTo(used);
        for (long pa : pages) {
            memory.put(pa, 12);
        }
        vm.shadows().grow(2);
        assertThat(vm.shadows().count()).isEqualTo(2 * count);
        vm.shadows().put(a);
    }

    @Test
    void anotherVcpuOnThePeDropsWhatStage1LeftThereOnce() {
        create(2);
        ShadowMmu a = context(0, 1);
        Pe pe = machine.pe(0);
        assertThat(a.mmu().lastVcpuRan(0)).isEqualTo(-1);
        assertThat(a.mmu().lastVcpuRan(1)).isEqualTo(-1);
        assertThat(a.mmu().load(pe, 0)).as("no TLB has its VMID").isFalse();
        a.mmu().vttbr(pe);
        assertThat(a.mmu().load(pe, 1)).isTrue();
        assertThat(a.mmu().load(pe, 1)).isFalse();
        a.mmu().put(pe);
        vm.shadows().put(a);
    }

    @Test
    void tablesInvalidateByTheRightVmidAfterTheArrayHasGrown() {
        create(1);
        ShadowMmu a = context(0, 1);
        int number = map(a.mmu(), machine.pe(0));
        Stage2PageTable table = a.mmu().pgt();
        vm.shadows().grow(40);
        assertThat(vm.shadows().count()).isEqualTo(80);
        assertThat(a.mmu().pgt()).isSameAs(table);
        assertThat(vm.shadows().find(0, a.vttbr(), VTCR, true)).isSameAs(a);
        invalidated.clear();
        table.unmap(0x1000, 4096);
        assertThat(invalidated).isNotEmpty().containsOnly(number);
        vm.shadows().put(a);
    }
}
