package dev.nido.kvm.nested;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Feature;
import dev.nido.arch.HcrEl2;
import dev.nido.arch.SysReg;
import dev.nido.kvm.HostedGuest;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Caches are coherent here: neither regime's switching its MMU and caches on or off costs any
 * maintenance of stage 2, and the hypervisor never asks to see it.
 */
class Item35CacheTogglingTest {

    private static final String TOGGLE =
            """
            movz x1, #0x1004
            msr SCTLR_EL1, x1
            msr SCTLR_EL1, xzr
            msr SCTLR_EL1, x1
            """;

    @ParameterizedTest
    @CsvSource({"NV2,true", "NV2,false", "NV,true", "NV,false"})
    void costsNothing(Feature nesting, boolean e2h) {
        AtomicInteger maintenance = new AtomicInteger();
        AtomicInteger seen = new AtomicInteger();
        Tracer tracer =
                new Tracer() {
                    @Override
                    public void tlbi(Vm vm, int vmid, long ipa, long bytes) {
                        maintenance.incrementAndGet();
                    }

                    @Override
                    public void unmap(Vm vm, long ipa, long bytes) {
                        maintenance.incrementAndGet();
                    }

                    @Override
                    public void exit(Vcpu vcpu, int ec, long esr, long pc) {
                        if (!vcpu.nested().isHypContext()
                                && (vcpu.cpu().read(SysReg.HCR_EL2) & HcrEl2.TVM) != 0) {
                            seen.incrementAndGet();
                        }
                    }
                };
        try (HostedGuest guest = El1Program.start(nesting, e2h, "nop", TOGGLE)) {
            guest.hypervisor.setTracer(tracer);
            guest.runAll(1000);
            assertThat(guest.written.get(0)).isEqualTo(2);
            assertThat(maintenance).hasValue(0);
            assertThat(seen).hasValue(0);
        }
    }
}
