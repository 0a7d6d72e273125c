package dev.nido.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where a command reads and writes.
 *
 * @param in the console's input
 * @param out the console's output, and what a command was asked to print; unbuffered
 * @param err everything that Nido says itself
 * @param process true for the streams of this process: they may be a terminal
 */
public record Streams(InputStream in, OutputStream out, PrintStream err, boolean process) {

    /** Standard input, output and error of this process. */
    static Streams ofProcess() {
        return new Streams(
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new PrintStream(
                        new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                true);
    }

    /** Prints a line for the user, after the name of the program. */
    void say(String line) {
        err.println("nido: " + line);
    }

    /** Standard output as text. */
    PrintStream text() {
        return new PrintStream(out, true, StandardCharsets.UTF_8);
    }
}
