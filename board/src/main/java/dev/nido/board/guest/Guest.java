package dev.nido.board.guest;

import java.nio.file.Path;
import java.util.List;

/**
 * A guest of the catalogue, ready to be started.
 *
 * @param name what {@code --guest} calls it
 * @param kernel a Linux Image
 * @param initrds archives that, one after the other, make its initial file system
 * @param append its kernel command line
 */
public record Guest(String name, Path kernel, List<Path> initrds, String append) {}
