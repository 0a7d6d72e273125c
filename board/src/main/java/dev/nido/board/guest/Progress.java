package dev.nido.board.guest;

/** Where a long piece of work tells how far it is. */
public interface Progress {

    /** Says nothing. */
    Progress SILENT =
            new Progress() {
                @Override
                public void stage(String what) {}

                @Override
                public void percent(String what, double percent) {}
            };

    /** A new stage begins; one line. */
    void stage(String what);

    /**
     * A download is under way.
     *
     * @param what what is being fetched now
     * @param percent how much of the whole stage is done, 0 to 100
     */
    void percent(String what, double percent);
}
