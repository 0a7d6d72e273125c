/**
 * Audits of the instructions' semantics: random streams on our engine and under the distribution's
 * {@code qemu-aarch64}, from the same registers and memory, compared bit by bit.
 *
 * <p>A batch is one emulator process: {@code AuditProgram} writes a static ELF image with blocks of
 * random instructions and a state for every run of a block. Where the results differ, the blocks
 * are run again one word further each time, until the instruction at fault is found. Seeds
 * determine everything; a difference names its own.
 */
package dev.nido.machine.audit;
