package dev.nido.kvm.nested;

import dev.nido.arch.Feature;
import dev.nido.arch.SysReg;
import dev.nido.kvm.Exit;
import dev.nido.kvm.HostedGuest;

import java.util.ArrayList;
import java.util.List;

/** A hypervisor without E2H that writes and reads registers by their EL1 names. */
final class NvheRegisters {

    private NvheRegisters() {}

    /**
     * What is not the guest's after all, or its own in the PE and touched; empty if all is well.
     */
    static List<String> amiss(Feature nesting, List<SysReg> registers) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < registers.size(); i++) {
            text.append("movz x1, #%d\n".formatted(i + 1));
            text.append("lsl x1, x1, #12\n");
            text.append(
                    "msr %s, x1\nmrs x1, %s\nlsr x1, x1, #12\n"
                            .formatted(registers.get(i), registers.get(i)));
            text.append("movz x20, #0x900, lsl #16\nstr w1, [x20]\n");
        }
        List<String> amiss = new ArrayList<>();
        try (HostedGuest guest =
                HostedGuest.nested(
                        nesting,
                        HostedGuest.hypervisorCpu(false),
                        1,
                        text + HostedGuest.OFF_BY_SMC)) {
            Exit exit = guest.runAll(1000);
            if (!(exit instanceof Exit.SystemEvent)) {
                amiss.add(exit.toString());
                return amiss;
            }
            for (int i = 0; i < registers.size(); i++) {
                SysReg r = registers.get(i);
                long written = i + 1L << 12;
                if (guest.written.get(i) != i + 1L) {
                    amiss.add(r + " reads 0x%x at EL2".formatted(guest.written.get(i)));
                }
                if (guest.vcpu(0).readSys(r) != written) {
                    amiss.add(r + " of EL1 is 0x%x".formatted(guest.vcpu(0).readSys(r)));
                }
                if (guest.machine.pe(0).readRegister(r) == written) {
                    amiss.add(r + " of EL2 was written");
                }
            }
        }
        return amiss;
    }
}
