package dev.nido.observe;

import static org.assertj.core.api.Assertions.assertThat;

import dev.nido.arch.Esr;
import dev.nido.arch.SysReg;
import dev.nido.arch.SystemOperation;
import dev.nido.kvm.Exit;
import dev.nido.kvm.Tracer;
import dev.nido.kvm.Vcpu;
import dev.nido.kvm.Vm;

import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

class JfrTracerTest {
    @TempDir Path folder;

    @Test
    void everyEventIsReadBackFromTheFile() throws Exception {
        Path file = folder.resolve("run.jfr");
        try (Vcpus machine = new Vcpus();
                Observation observation =
                        Observation.open(new ObservationRequest(null, file, null))) {
            List<Vcpu> vcpus = machine.create(2);
            Vcpu v = vcpus.get(1);
            Vm vm = v.vm();
            v.setPstate(0x3c5);
            Tracer t = observation.tracer();
            t.entry(v, 0x4008_0000L);
            t.exit(v, Esr.EC_HVC, Esr.of(Esr.EC_HVC, true, 3), 0x4008_0004L);
            t.hypercall(v, 0x4008_0004L, 0x8400_0000L, 3, true);
            t.entry(v, 0x4008_0004L);
            t.exit(v, Esr.EC_DATA_ABORT, 0x9200_0046L, 0x4008_0008L);
            t.guestFault(v, 0x9200_0046L, 0xffff_8000_0000_0018L, 0x900_0018L, 0x4008_0008L);
            t.mmio(v, Tracer.MMIO_WRITE, 4, 0x900_0018L, 65);
            t.userspaceExit(v, new Exit.Mmio(0x900_0018L, 4, true, 65));
            t.entry(v, 0x4008_000cL);
            t.exit(v, Tracer.IRQ, 0, 0x4008_0010L);
            t.accessFault(v, 0x4000_0000L);
            t.mmioEmulate(v, 0x4008_0010L, 0xb8404401, 0);
            int key = SysReg.ICC_SGI1R_EL1.key();
            t.systemRegister(v, 0x4008_0014L, key, "ICC_SGI1R_EL1", true, 17);
            t.wfx(v, 0x4008_0018L, true);
            t.wakeup(v, 1_500_000, true, false);
            t.injection(v, 0x4008_001cL, 0x0200_0000L, 5);
            t.irqLine(vm, -1, 33, true);
            t.interruptPending(vm, 0, 27, false);
            t.listRegister(v, 2, 0x5000_0000_0000_001bL);
            t.timer(v, 30, true);
            t.tlbi(vm, 9, 0x4000_0000L, 0x1000);
            t.map(vm, 0x4000_0000L, 0x20_0000L, 0x8020_0000L, true, false);
            t.unmap(vm, 0x4000_0000L, 0x1000);
            t.guestDebug(v, 1);
            t.fastExit(v, Esr.EC_ERET, Esr.of(Esr.EC_ERET, true, 0), 0x4008_0020L);
            t.nestedReturn(v, 0x4010_0000L, 0x3c9);
            t.nestedException(v, Tracer.VIRTUAL_IRQ, 0);
            t.forwardedAccess(v, key, true);
            t.timerMap(v, 28, 26, 27, 30);
            t.shadowListRegisters(v, 2, new long[] {1, 2, 3}, new long[] {4, 5, 6});
            t.shadowListRegistersPut(v, 1, new long[] {0xff});
            t.linkedInterruptEnded(v, 3, 7, 27);
            t.shadowContext(v, 0x1_0000_8000_0000L, 0x19, true);
            t.shadowFault(v, 0x4000_0000L, 0x8000_0000L, false);
            t.nestedTlbi(v, SystemOperation.TLBI_VMALLS12E1IS.key(), 9, true);
            observation.finish(new PrintStream(PrintStream.nullOutputStream()));
        }

        Map<String, List<RecordedEvent>> events = new TreeMap<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
            if (event.getEventType().getName().startsWith("dev.nido.")) {
                events.computeIfAbsent(
                                event.getEventType().getName().substring("dev.nido.".length()),
                                k -> new java.util.ArrayList<>())
                        .add(event);
            }
        }
        assertThat(events).hasSize(JfrTracer.KINDS.size());

        List<RecordedEvent> exits = events.get("GuestExit");
        assertThat(exits)
                .extracting(e -> e.getString("reason"))
                .containsExactly("HVC64", "DABT_LOW", "IRQ");
        assertThat(exits).extracting(e -> e.getInt("ec")).containsExactly(0x16, 0x24, -1);
        assertThat(exits)
                .extracting(e -> e.getLong("pc"))
                .containsExactly(0x4008_0004L, 0x4008_0008L, 0x4008_0010L);
        assertThat(exits).extracting(e -> e.getInt("iss")).containsExactly(3, 0x46, 0);
        assertThat(exits)
                .extracting(e -> e.getString("vmm"))
                .containsExactly(null, "KVM_EXIT_MMIO", null);
        assertThat(exits).allMatch(e -> e.getInt("level") == 1);
        assertThat(exits).allMatch(e -> e.getInt("vcpu") == 1 && e.getInt("vm") == 0);
        assertThat(exits).noneMatch(e -> e.getDuration("inGuest").isNegative());
        assertThat(events.get("GuestEntry")).hasSize(3);

        has(events, "Hypercall", "function", 0x8400_0000L, "immediate", 3, "smc", true);
        has(
                events,
                "GuestFault",
                "ipa",
                0x900_0018L,
                "far",
                0xffff_8000_0000_0018L,
                "esr",
                0x9200_0046L);
        has(events, "Mmio", "kind", "write", "bytes", 4, "ipa", 0x900_0018L, "value", 65L);
        has(events, "AccessFault", "ipa", 0x4000_0000L);
        has(events, "MmioEmulation", "instruction", 0xb8404401L);
        has(
                events,
                "SystemRegister",
                "register",
                "ICC_SGI1R_EL1",
                "key",
                SysReg.ICC_SGI1R_EL1.key(),
                "write",
                true,
                "value",
                17L);
        has(events, "WaitFor", "wfe", true);
        assertThat(events.get("Wakeup").getFirst().getDuration("waited"))
                .isEqualTo(Duration.ofNanos(1_500_000));
        has(events, "Injection", "esr", 0x0200_0000L, "far", 5L);
        has(events, "InterruptLine", "vcpu", -1, "intid", 33, "level", true);
        has(events, "InterruptPending", "vcpu", 0, "intid", 27, "level", false);
        has(events, "ListRegister", "index", 2, "value", 0x5000_0000_0000_001bL);
        has(events, "Timer", "intid", 30, "level", true);
        has(events, "Tlbi", "vmid", 9, "ipa", 0x4000_0000L, "bytes", 0x1000L);
        has(events, "Map", "bytes", 0x20_0000L, "pa", 0x8020_0000L, "executable", false);
        has(events, "Unmap", "bytes", 0x1000L);
        has(events, "GuestDebug", "flags", 1);
        nested(events);
    }

    private static void nested(Map<String, List<RecordedEvent>> events) {
        assertThat(events.get("GuestExit")).allMatch(e -> e.getString("guest").equals("guest"));
        has(events, "FastExit", "reason", "ERET", "ec", Esr.EC_ERET, "pc", 0x4008_0020L);
        has(events, "NestedReturn", "elr", 0x4010_0000L, "spsr", 0x3c9L, "mode", "EL2h");
        has(events, "NestedException", "type", "IRQ", "mode", "EL1h", "pstate", 0x3c5L);
        has(events, "ForwardedAccess", "key", SysReg.ICC_SGI1R_EL1.key(), "read", true);
        has(events, "TimerMap", "directVirtual", 28, "directPhysical", 26);
        has(events, "TimerMap", "emulatedVirtual", 27, "emulatedPhysical", 30);
        has(events, "ShadowListRegisters", "loaded", "1 2", "original", "4 5");
        has(events, "ShadowListRegistersPut", "values", "ff");
        has(events, "LinkedInterruptEnded", "index", 3, "value", 7L, "intid", 27);
        has(events, "ShadowContext", "vttbr", 0x1_0000_8000_0000L, "recycled", true);
        has(events, "ShadowFault", "l2Ipa", 0x4000_0000L, "l1Ipa", 0x8000_0000L);
        has(events, "NestedTlbi", "operation", "TLBI VMALLS12E1IS", "value", 9L, "fast", true);
    }

    @Test
    void withoutARecordingNothingIsKept() throws IOException {
        try (Vcpus machine = new Vcpus()) {
            Vcpu v = machine.create(1).getFirst();
            JfrTracer tracer = new JfrTracer();
            var threads =
                    (com.sun.management.ThreadMXBean)
                            java.lang.management.ManagementFactory.getThreadMXBean();
            long bytes = Long.MAX_VALUE;
            for (int round = 0; round < 20 && bytes != 0; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 20_000; i++) {
                    tracer.entry(v, i);
                    tracer.exit(v, Esr.EC_HVC, 0, i);
                }
                bytes = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(bytes).isZero();
        }
    }

    private static void has(
            Map<String, List<RecordedEvent>> events, String kind, Object... fields) {
        assertThat(events.get(kind)).as(kind).hasSize(1);
        RecordedEvent event = events.get(kind).getFirst();
        for (int i = 0; i < fields.length; i += 2) {
            Object value = event.getValue((String) fields[i]);
            assertThat(value).as(kind + "." + fields[i]).isEqualTo(fields[i + 1]);
        }
    }
}
