#!/bin/sh
# First process of a Nido guest: mounts what every program expects, loads the
# board's drivers, then runs /nido/run if the host put one there, else a shell
# on the console. The end of either is the end of the guest.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM="${TERM:-vt100}" PS1='\h:\w\$ '

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
hostname nido
modprobe -q -a $(cat /nido/modules)

# The exit status leaves through a device, where the board has one.
report() {
    for reg in /proc/device-tree/nido-exit@*/reg; do
        [ -e "$reg" ] && devmem "0x$(xxd -p -l 8 "$reg")" 32 "$1"
    done
}

if [ -e /nido/run ]; then
    setsid cttyhack sh /nido/run
    report $?
else
    echo
    echo "$(uname -sr) on Nido. 'exit' powers the machine off."
    setsid cttyhack sh -i
    report 0
fi
sync
poweroff -f
