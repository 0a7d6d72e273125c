/**
 * Facts of the Arm architecture, without state: features, ID registers, system registers,
 * syndromes.
 */
module dev.nido.arch {
    exports dev.nido.arch;
}
