package dev.nido.kvm.protect;

import java.util.concurrent.locks.ReentrantLock;

/**
 * The lock of the host's stage 2 and of all that is recorded about owners. Who holds it takes no
 * other lock of the hypervisor but the page pool's.
 *
 * <p>KVM: {@code host_mmu.lock}, {@code hyp_assert_lock_held()}.
 */
final class HostLock {

    private final ReentrantLock lock = new ReentrantLock();

    void lock() {
        lock.lock();
    }

    void unlock() {
        lock.unlock();
    }

    /**
     * @throws IllegalStateException if this thread does not hold it
     */
    void assertHeld() {
        if (!lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("the host's stage 2 is used without its lock");
        }
    }
}
