/** Facts of the Arm architecture, without state. */
module dev.nido.arch {}
