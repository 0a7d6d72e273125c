package dev.nido.cli;

import dev.nido.board.VirtMap;
import dev.nido.board.load.ImageException;
import dev.nido.board.load.KernelImage;
import dev.nido.board.load.KernelLoader;
import dev.nido.isa.Disassembler;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/**
 * {@code nido disasm}: what a program that {@code run --kernel} takes says, at the addresses where
 * it would be.
 */
@Command(description = "A64 code as text: an ELF file, a Linux Image (also gzip), or a raw binary.")
final class DisasmCommand implements Callable<Integer> {
    private final Streams streams;

    @Parameters(paramLabel = "FILE", description = "The program.")
    private Path file;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this help and exit.")
    private boolean help;

    DisasmCommand(Streams streams) {
        this.streams = streams;
    }

    @Override
    public Integer call() {
        KernelImage image;
        try {
            image = KernelLoader.load(file, VirtMap.RAM);
        } catch (ImageException e) {
            throw new Refusal(Main.oneLine(e.getMessage()));
        }
        PrintStream out =
                new PrintStream(
                        new BufferedOutputStream(streams.out(), 1 << 16),
                        false,
                        StandardCharsets.UTF_8);
        for (KernelImage.Segment segment : image.segments()) {
            ByteBuffer bytes =
                    ByteBuffer.wrap(segment.bytes(), segment.at(), segment.length())
                            .order(ByteOrder.LITTLE_ENDIAN);
            for (long pc = segment.pa(); bytes.remaining() >= 4 && !out.checkError(); pc += 4) {
                int word = bytes.getInt();
                out.printf("%x: %08x  %s%n", pc, word, Disassembler.disassemble(pc, word));
            }
        }
        out.flush();
        return ExitStatus.OK.code();
    }
}
