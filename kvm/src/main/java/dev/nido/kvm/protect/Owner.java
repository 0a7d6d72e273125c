package dev.nido.kvm.protect;

/**
 * Who a page can belong to: a number of 8 bits, which is what an annotation in an invalid stage-2
 * descriptor holds (bits 9:2). 0 is the host: an entry of 0 is not annotated at all.
 *
 * <p>KVM: {@code enum pkvm_component_id}, extended by one number for each protected VM, so that a
 * descriptor says which guest has the page.
 *
 * @param id 0 to 255
 */
public record Owner(int id) {

    /** Largest number that fits. */
    public static final int MAX = 255;

    /** The VMM, its devices and whatever else runs beside the hypervisor. */
    public static final Owner HOST = new Owner(0);

    /** The hypervisor. */
    public static final Owner HYP = new Owner(1);

    /** Number of the first guest; {@code MAX - FIRST_GUEST + 1} of them exist at a time. */
    public static final int FIRST_GUEST = 2;

    public Owner {
        if (id < 0 || id > MAX) {
            throw new IllegalArgumentException("an owner's number is 0 to 255, not " + id);
        }
    }

    /** Whether this is a guest. */
    public boolean isGuest() {
        return id >= FIRST_GUEST;
    }

    @Override
    public String toString() {
        return id == 0 ? "host" : id == 1 ? "hypervisor" : "guest " + id;
    }
}
