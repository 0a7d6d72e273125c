/** The virt board: devices, device tree, image loaders, guest catalogue. */
module dev.nido.board {
    requires transitive dev.nido.kvm;
    requires org.apache.commons.compress;
    requires org.tukaani.xz;

    exports dev.nido.board;
    exports dev.nido.board.compare;
    exports dev.nido.board.device;
    exports dev.nido.board.fdt;
    exports dev.nido.board.guest;
    exports dev.nido.board.load;
    exports dev.nido.board.virtio;
}
