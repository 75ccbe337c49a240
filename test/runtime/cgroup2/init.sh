#!/bin/busybox sh
# First process of the machine that boot-machine.sh boots: mounts, modules, then the program as root and as a user.
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /root /var/tmp
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mkdir -p /dev/pts /dev/shm
/bin/busybox mount -t devpts devpts /dev/pts
/bin/busybox mount -t tmpfs -o mode=1777 tmpfs /tmp
/bin/busybox mount -t tmpfs tmpfs /run
/bin/busybox mount -t cgroup2 -o nsdelegate cgroup2 /sys/fs/cgroup
for module in llc stp bridge veth overlay; do /bin/busybox insmod "/modules/$module.ko"; done
/bin/busybox ip link set lo up
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd /sys/fs/cgroup || exit
echo "+cpu +memory +pids" >cgroup.subtree_control

# A service of the machine's root, and a session that was delegated to a user as a service manager does it.
mkdir service session
chown 2001:2001 session session/cgroup.procs session/cgroup.subtree_control session/cgroup.threads
/usr/bin/sh -c 'echo $$ >service/cgroup.procs; exec /usr/bin/node /kelpie/test/runtime/cgroup2/limits-program.ts' || echo "FAIL root: $?"
/usr/bin/sh -c 'echo $$ >session/cgroup.procs; exec /usr/bin/setpriv --reuid=2001 --regid=2001 --clear-groups \
  /usr/bin/node /kelpie/test/runtime/cgroup2/limits-program.ts' || echo "FAIL user: $?"
/bin/busybox poweroff -f
