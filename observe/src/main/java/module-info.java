/** Consumers of events: exit statistics, traces, recordings. */
module dev.nido.observe {
    requires transitive dev.nido.kvm;
    requires jdk.jfr;

    exports dev.nido.observe;
}
