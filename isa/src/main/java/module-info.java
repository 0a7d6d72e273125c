/** The A64 instruction set as data: decoder, disassembler and assembler. */
module dev.nido.isa {
    requires transitive dev.nido.arch;

    exports dev.nido.isa;
}
