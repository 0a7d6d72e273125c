/**
 * The A64 instruction set as data: {@link dev.nido.isa.A64} has one row an encoding, and decoder,
 * disassembler and assembler come from the rows.
 *
 * <pre>{@code
 * int word = Assembler.word(0, "add x0, x1, x2, lsl #3");
 * A64 row = A64.decode(word);                       // A64.ADD_SHIFT
 * int amount = row.field("imm6").of(word);          // 3
 * int written = row.writesX(word);                  // bit 0: X0
 * String text = Disassembler.disassemble(0, word);  // "add\tx0, x1, x2, lsl #3"
 * }</pre>
 *
 * <p>A word is UNDEFINED if {@link dev.nido.isa.A64#decode} finds no row, if the row is {@link
 * dev.nido.isa.A64#reserved} for it, or if the PE lacks the row's {@link
 * dev.nido.isa.A64#feature(int)}.
 */
package dev.nido.isa;
