package dev.nido.board.guest;

import dev.nido.board.VirtMap;
import dev.nido.board.load.KernelLoader;
import dev.nido.isa.Assembler;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Small guests that come with Nido as source text and are assembled when they are asked for. They
 * need no network, run on QEMU's {@code virt} machine too (raw image, {@code -kernel}), and say on
 * the PL011 what they see.
 */
public enum InTreeGuest {
    HELLO("hello", "says hello from the level it is started at"),
    NEST("nest", "a hypervisor of one page that runs a guest of its own (needs --nested nv2)"),
    MATRYOSHKA(
            "matryoshka",
            "a hypervisor that runs itself, four levels deep (needs --nested nv2 --cpu default,+nv2)"),
    PROBE_STAGE1("probe-stage1", "every stage 1 fault at every level and granule"),
    PROBE_STAGE2(
            "probe-stage2", "every stage 2 fault at every level and granule (needs --nested nv2)"),
    PROBE_GIC("probe-gic", "the CPU interface of the GIC, and its virtual half at EL2"),
    PROBE_GIC_RANDOM("probe-gic-random", "4,000 random steps of the GIC's CPU interface"),
    PROBE_ICH_RANDOM(
            "probe-ich-random",
            "4,000 random steps of the GIC's virtual CPU interface (needs --nested nv2)"),
    PROBE_AT(
            "probe-at",
            "what AT finds: permissions, attributes, sizes, external aborts (needs --nested nv2)"),
    PROBE_DEBUG("probe-debug", "software step, breakpoints and watchpoints (needs --nested nv2)"),
    PROBE_STATE(
            "probe-state",
            "PSTATE through exception returns, also illegal ones, and entries (needs --nested nv2)"),
    PROBE_TRAP("probe-trap", "what every trap control traps (needs --nested nv2)"),
    PROBE_TIMER("probe-timer", "the generic timers and their interrupts"),
    PROBE_IRQ("probe-irq", "corner cases of timers and interrupts, on one CPU or two"),
    SHARE_BLOCK(
            "share-block",
            "shares pages with the host for virtio-blk, and takes them back (needs --protected and --disk)");

    private static final String LIBRARY = "lib";

    private final String text;
    private final String description;

    InTreeGuest(String text, String description) {
        this.text = text;
        this.description = description;
    }

    /** What {@code --guest} calls it. */
    public String guestName() {
        return text;
    }

    public String description() {
        return description;
    }

    /** The guest of that name. */
    public static Optional<InTreeGuest> byName(String name) {
        return List.of(values()).stream().filter(g -> g.text.equals(name)).findFirst();
    }

    /** Its image, to be loaded where raw binaries go. */
    public byte[] assemble() throws IOException {
        return program().bytes();
    }

    /** The same with the addresses of what is in it. */
    Assembler.Program program() throws IOException {
        String program = source(LIBRARY) + source(text);
        return Assembler.assemble(text, program, VirtMap.RAM + KernelLoader.RAW_OFFSET, Map.of());
    }

    private static String source(String name) throws IOException {
        try (InputStream in = InTreeGuest.class.getResourceAsStream("programs/" + name + ".s")) {
            if (in == null) {
                throw new IOException("source of guest " + name + " is missing from this build");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
