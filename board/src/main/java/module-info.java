/** The virt board: devices, device tree, image loaders, guest catalogue. */
module dev.nido.board {
    requires transitive dev.nido.machine;
    requires org.apache.commons.compress;
    requires org.tukaani.xz;
}
