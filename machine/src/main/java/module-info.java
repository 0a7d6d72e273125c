/** The machine: processing elements, MMU, interrupt controller, timers, physical memory. */
module dev.nido.machine {
    requires transitive dev.nido.isa;

    exports dev.nido.machine;
    exports dev.nido.machine.engine;
    exports dev.nido.machine.firmware;
    exports dev.nido.machine.gic;
    exports dev.nido.machine.mmu;
    exports dev.nido.machine.pe;
    exports dev.nido.machine.timer;
}
