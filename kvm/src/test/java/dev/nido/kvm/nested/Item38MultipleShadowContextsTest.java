package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.nido.arch.CpuModel;
import dev.nido.arch.Feature;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Hypervisor;
import dev.nido.kvm.Vm;
import dev.nido.kvm.VmConfig;
import dev.nido.kvm.mmu.PageTableCache;
import dev.nido.kvm.pgtable.Leaf;
import dev.nido.kvm.pgtable.Prot;
import dev.nido.machine.Machine;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Which context stands for what L1's registers say, how long, and what comes after it. */
class Item38MultipleShadowContextsTest {

    private static final long VTCR = 0x800a_3558L;

    /** A VM that has no vCPU running. */
    private static final class World implements AutoCloseable {
        final CpuModel cpu = HostedGuest.hypervisorCpu(true);
        final Machine machine;
        final Hypervisor hypervisor;
        final Vm vm;
        final ShadowMmus shadows;

        World(int vcpus, boolean pinned) {
            machine = HostedGuest.nestingMachine(Feature.NV2, cpu, 2, pinned);
            hypervisor = new Hypervisor(machine);
            vm = hypervisor.createVm(VmConfig.of(cpu));
            for (int i = 0; i < vcpus; i++) {
                vm.createVcpu(i);
            }
            shadows = vm.shadows();
        }

        @Override
        public void close() {
            hypervisor.close();
            assertThat(hypervisor.memory().usedPages()).isZero();
            assertThat(hypervisor.vmids().used()).isZero();
            machine.close();
        }
    }

    private static long vttbr(int vmid, long base) {
        return (long) vmid << 48 | base;
    }

    @Test
    void theSameRegistersMeanTheSameContext() {
        try (World w = new World(2, false)) {
            ShadowMmu a = w.shadows.get(0, vttbr(3, 0x1000), VTCR, true);
            assertThat(w.shadows.get(1, vttbr(3, 0x1000), VTCR, true)).isSameAs(a);
            assertThat(a.references()).isEqualTo(2);
            w.shadows.put(a);
            w.shadows.put(a);
            assertThat(w.shadows.get(0, vttbr(3, 0x1000) | 1, VTCR, true))
                    .as("CnP is no part of them")
                    .isSameAs(a);
            w.shadows.put(a);
            assertThat(a.references()).isZero();
        }
    }

    @Test
    void whatIsPutMoreOftenThanGotIsAnError() {
        ShadowMmu unused = new ShadowMmu(ShadowMmu.SHARED);
        assertThatThrownBy(unused::drop).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void anyOtherRegisterMeansAnotherOne() {
        try (World w = new World(4, false)) {
            ShadowMmu a = w.shadows.get(0, vttbr(3, 0x1000), VTCR, true);
            ShadowMmu otherBase = w.shadows.get(0, vttbr(3, 0x2000), VTCR, true);
            ShadowMmu otherVmid = w.shadows.get(0, vttbr(4, 0x1000), VTCR, true);
            ShadowMmu otherVtcr = w.shadows.get(0, vttbr(3, 0x1000), VTCR + 1, true);
            ShadowMmu off = w.shadows.get(0, vttbr(3, 0x1000), VTCR, false);
            assertThat(List.of(a, otherBase, otherVmid, otherVtcr, off)).doesNotHaveDuplicates();
            // Off, only the VMID counts.
            assertThat(w.shadows.get(0, vttbr(3, 0x9000), VTCR + 1, false)).isSameAs(off);
            assertThat(w.shadows.get(0, vttbr(4, 0x1000), VTCR, false)).isNotSameAs(off);
            List<ShadowMmu> same = new ArrayList<>();
            w.shadows.forEachValid(3, -1, same::add);
            assertThat(same).containsExactlyInAnyOrder(a, otherBase, otherVtcr, off);
            w.shadows.forEachValid(s -> {
                while (s.references() > 0) {
                    w.shadows.put(s);
                }
            });
        }
    }

    @Test
    void aVmidOf8BitsHasNoOthers() {
        try (World w = new World(1, false)) {
            assertThat(w.shadows.vmid(vttbr(0x1234, 0), VTCR)).isEqualTo(0x1234);
            assertThat(w.shadows.vmid(vttbr(0x1234, 0), VTCR & ~(1L << 19))).isEqualTo(0x34);
        }
    }

    /** Five guests on two vCPUs, again and again, against a map. */
    @ParameterizedTest
    @CsvSource({"false, 2", "true, 2", "false, 5"})
    void contextsAreTakenFromThoseThatNobodyUses(boolean pinned, int vcpus) {
        try (World w = new World(pinned ? 2 : vcpus, pinned)) {
            SplittableRandom random = new SplittableRandom(38);
            int n = pinned ? 2 : vcpus;
            ShadowMmu[] loaded = new ShadowMmu[n];
            Map<ShadowMmu, Long> stands = new HashMap<>();
            int guests = pinned ? 20 : 5 * n;
            for (int i = 0; i < 3000; i++) {
                int vcpu = random.nextInt(n);
                if (loaded[vcpu] != null) {
                    w.shadows.put(loaded[vcpu]);
                    loaded[vcpu] = null;
                }
                if (random.nextInt(3) == 0) {
                    continue;
                }
                long vttbr = vttbr(1 + random.nextInt(guests), 0x1000);
                ShadowMmu s = w.shadows.get(vcpu, vttbr, VTCR, true);
                w.shadows.prepare(s);
                assertThat(s.vttbr()).isEqualTo(vttbr);
                assertThat(s.pendingUnmap()).isFalse();
                for (int other = 0; other < n; other++) {
                    if (loaded[other] != null) {
                        assertThat(loaded[other].vttbr()).isEqualTo(stands.get(loaded[other]));
                        boolean same = loaded[other].vttbr() == vttbr;
                        assertThat(loaded[other] == s).isEqualTo(same && !pinned);
                        assertThat(loaded[other].mmu().vmid() == s.mmu().vmid()).isEqualTo(same);
                    }
                }
                loaded[vcpu] = s;
                stands.put(s, vttbr);
                s.mmu().vttbr(w.machine.pe(vcpu % 2));
                s.mmu().put(w.machine.pe(vcpu % 2));
            }
            for (ShadowMmu s : loaded) {
                if (s != null) {
                    w.shadows.put(s);
                }
            }
            assertThat(w.shadows.recycled()).isPositive().isLessThan(w.shadows.created());
            assertThat(w.shadows.count())
                    .isEqualTo(n * (pinned ? ShadowMmus.PER_PINNED_VCPU : ShadowMmus.PER_VCPU));
        }
    }

    @Test
    void aRecycledContextIsEmptyAndHasAnotherVmid() {
        try (World w = new World(1, false)) {
            PageTableCache cache = new PageTableCache(w.hypervisor.memory(), 12);
            cache.topUp(4);
            ShadowMmu a = w.shadows.get(0, vttbr(1, 0x1000), VTCR, true);
            a.mmu().vttbr(w.machine.pe(0));
            assertThat(a.mmu().pgt().map(0, 4096, 0x80_0000_0000L, Prot.RW, cache)).isZero();
            a.remember(0, 4096, 0x4000_0443L);
            a.mmu().put(w.machine.pe(0));
            w.shadows.put(a);
            ShadowMmu now = null;
            for (int vmid = 2; now != a; vmid++) {
                now = w.shadows.get(0, vttbr(vmid, 0x1000), VTCR, true);
                w.shadows.put(now);
            }
            assertThat(a.pendingUnmap()).isTrue();
            assertThat(w.hypervisor.vmids().number(a.mmu().vmid())).as("released").isZero();
            w.shadows.prepare(a);
            assertThat(a.pendingUnmap()).isFalse();
            Leaf leaf = new Leaf();
            assertThat(a.mmu().pgt().getLeaf(0, leaf)).isZero();
            assertThat(leaf.valid()).isFalse();
            assertThat(a.entries().size()).isZero();
            cache.free();
        }
    }

    /** More guests than contexts, one after the other on a vCPU: each finds its own memory. */
    @ParameterizedTest
    @EnumSource(names = {"NV", "NV2"})
    void twentyGuestsOfOneVcpuFindWhatIsTheirs(Feature nesting) {
        CpuModel cpu = HostedGuest.hypervisorCpu(true);
        try (MonitorGuest g = new MonitorGuest(nesting, cpu, 1)) {
            MonitorGuest.Below below = g.new Below();
            long va = 0x5555_0000_0000L;
            long ipa = 0x10_0000_0000L;
            long data = MonitorGuest.RAM + 0x80_0000;
            below.s1.map(va, 3, ipa, MonitorGuest.NORMAL);
            for (int n = 0; n < 20; n++) {
                g.put(data + n * 4096L, n);
            }
            for (int round = 0; round < 3; round++) {
                for (int n = 0; n < 20; n++) {
                    below.s2.map(ipa, 3, data + n * 4096L, MonitorGuest.S2_NORMAL);
                    // 60 VMIDs that were never used before.
                    below.use(0, 1 + round * 20 + n, 5);
                    assertThat(g.loadBelow(0, va)).isEqualTo(n);
                }
            }
            assertThat(g.guest.vm.shadows().recycled()).isGreaterThan(40);
        }
    }
}
