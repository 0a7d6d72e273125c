/** What looks at the hypervisor's events: statistics, traces, recordings. */
module dev.nido.observe {
    requires transitive dev.nido.kvm;
}
