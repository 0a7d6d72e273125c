# What L1 does in the demo: starts L2 under KVM with QEMU as its VMM. L2's
# console goes to a device of its own, so that the host can tell the two apart.
. /nido/l2/settings
echo "L1: $(uname -sr), $(nproc) CPUs"
dmesg | grep -E 'kvm \[' | sed 's/^/L1: /'
if [ ! -c /dev/kvm ]; then
    echo "L1: there is no /dev/kvm, so L2 can't start"
    exit 1
fi
console=/dev/hvc0
[ -c "$console" ] || console=/dev/console
echo "L1: starting L2, $L2_CPUS vCPUs, $L2_MEMORY MiB"
qemu-system-aarch64 -nodefaults -no-user-config -display none -monitor none -nic none \
    -M virt,gic-version=3,its=off -cpu host -enable-kvm -smp "$L2_CPUS" -m "$L2_MEMORY" \
    -kernel /nido/l2/Image -initrd /nido/l2/initrd -append "$L2_APPEND" \
    -chardev "serial,id=l2,path=$console,logfile=/run/l2.log" -serial chardev:l2 -no-reboot
status=$?
if [ $status -eq 0 ] && grep -q '^L2: init is done' /run/l2.log; then
    echo "L1: L2 powered off"
else
    echo "L1: L2 did not reach its end (the VMM's status is $status)"
    exit 1
fi
