/** Consumers of the hypervisor's events: exit statistics, traces, recordings. */
package dev.nido.observe;
