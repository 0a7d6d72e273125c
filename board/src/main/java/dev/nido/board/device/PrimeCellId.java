package dev.nido.board.device;

/**
 * The eight identification registers at the end of a PrimeCell's page: PeriphID0–3, then
 * PCellID0–3.
 */
record PrimeCellId(int part, int revision) {

    static final int FIRST = 0xfe0;
    private static final int DESIGNER_ARM = 0x41;
    private static final int[] CELL = {0x0d, 0xf0, 0x05, 0xb1};

    int read(int offset) {
        int index = (offset - FIRST) >> 2;
        return switch (index) {
            case 0 -> part & 0xff;
            case 1 -> part >> 8 & 0xf | (DESIGNER_ARM & 0xf) << 4;
            case 2 -> DESIGNER_ARM >> 4 | revision << 4;
            case 3 -> 0;
            default -> CELL[index & 3];
        };
    }
}
