/** The {@code nido} command. */
module dev.nido.cli {
    requires dev.nido.board;
    requires info.picocli;
    requires org.jline.terminal;
}
