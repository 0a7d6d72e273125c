# What L2 does in the demo.
echo "L2: $(uname -sr), $(nproc) CPUs, $(grep MemTotal /proc/meminfo | tr -s ' ' | cut -d' ' -f2) kB"
echo "L2: init is done"
