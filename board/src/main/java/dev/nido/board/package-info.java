/**
 * The virt board: what is around a machine to make it a computer.
 *
 * <p>{@link dev.nido.board.BoardConfig} says what to build, {@link dev.nido.board.VirtBoard} builds
 * it: it reads the images ({@link dev.nido.board.load}), makes the device tree ({@link
 * dev.nido.board.fdt}), maps the devices of {@link dev.nido.board.VirtMap} on the machine's bus
 * ({@link dev.nido.board.device}, {@link dev.nido.board.virtio}) and starts the first PE at the
 * kernel with the device tree's address in X0.
 *
 * <pre>{@code
 * BoardConfig config =
 *         BoardConfig.of(Path.of("Image"))
 *                 .initrds(List.of(Path.of("initrd")))
 *                 .append("console=ttyAMA0")
 *                 .startEl(2)
 *                 .cpus(2)
 *                 .console((bytes, at, length) -> System.out.write(bytes, at, length))
 *                 .build();
 * try (VirtBoard board = VirtBoard.create(config)) {
 *     MachineEnd end = board.run(Duration.ofMinutes(1));
 * }
 * }</pre>
 *
 * Everything that keeps a board from being built is a {@link dev.nido.board.BoardException} with a
 * one-line message. Devices reach the guest's RAM through {@link dev.nido.board.GuestMemory} only,
 * and never see a page table.
 */
package dev.nido.board;
