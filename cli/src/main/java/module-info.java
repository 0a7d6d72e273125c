/** The {@code nido} command. */
module dev.nido.cli {
    requires dev.nido.board;
    requires dev.nido.observe;
    requires info.picocli;
    requires java.logging;
    requires org.jline.terminal;

    exports dev.nido.cli;

    opens dev.nido.cli to
            info.picocli;

    uses dev.nido.cli.Benchmarks;
}
