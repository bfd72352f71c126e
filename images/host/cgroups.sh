#!/bin/sh
# cgroups COMMAND…: mounts the control groups of this container writable, and runs COMMAND in them.
#
# The container must have a private cgroup namespace (docker run --cgroupns=private). A mount made in it then shows only
# the container's own group and its children, so the groups of the machine and of other containers cannot be reached
# (cgroup_namespaces(7)). Without such a namespace, this script exits with a line that begins with NO_CGROUPS.
set -eu

refuse() {
  echo "NO_CGROUPS $1" >&2
  exit 1
}

mount_v2() {
  mount -t cgroup2 cgroup2 "$1" || refuse 'cgroup2 cannot be mounted'
  # cgroup.procs shows a process outside of this process namespace as 0.
  ! grep -qx 0 "$1/cgroup.procs" || refuse 'processes of the machine are in the same cgroup2 group'
}

# Moves the processes of the group on /sys/fs/cgroup to its child $1, and enables all controllers for the child. The kernel
# refuses to enable them while the group still has a process (cgroups(7), "no internal processes"), and `docker exec` may
# just have added one. So this tries both steps again, like Docker's hack/dind.
nest_v2() {
  mkdir -p "/sys/fs/cgroup/$1"
  tries=100
  controllers=$(sed -e 's/ / +/g' -e 's/^./+&/' /sys/fs/cgroup/cgroup.controllers)
  until
    while read -r pid; do
      { echo "$pid" > "/sys/fs/cgroup/$1/cgroup.procs"; } 2>/dev/null || :
    done < /sys/fs/cgroup/cgroup.procs
    { echo "$controllers" > /sys/fs/cgroup/cgroup.subtree_control; } 2>/dev/null
  do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || refuse "the controllers $controllers cannot be turned on"
  done
}

if [ "$1" = --nested ]; then
  shift
  mount_v2 /sys/fs/cgroup
  nest_v2 init
  exec "$@"
fi

[ -z "$(cut -d : -f 3- /proc/self/cgroup | grep -vx / | head -n 1)" ] ||
  refuse 'the engine gave the container no cgroup namespace of its own'

type=$(stat -f -c %T /sys/fs/cgroup)
# The engine mounted these read-only.
while mountpoint -q /sys/fs/cgroup; do umount -R /sys/fs/cgroup; done

if [ "$type" = cgroup2fs ]; then
  # The engine sets the limits on the container's group. COMMAND runs in a namespace whose root is a child of that group.
  # Processes of `docker exec` also start there: runc finds that the container's group has children and no processes, and
  # uses the group of process 1. So no process inside can change the limits, even if cgroup2 is mounted without nsdelegate.
  mount_v2 /sys/fs/cgroup
  nest_v2 inside
  umount /sys/fs/cgroup
  exec unshare --cgroup "$0" --nested "$@"
fi

mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
while IFS=: read -r _ group _; do
  folder=/sys/fs/cgroup/${group#name=}
  option=$group
  case $group in
  # The cgroup2 hierarchy of a machine that has version 1 and 2.
  '')
    mkdir /sys/fs/cgroup/unified
    mount_v2 /sys/fs/cgroup/unified
    continue
    ;;
  name=*) option=none,$group ;;
  esac
  mkdir "$folder"
  mount -t cgroup -o "$option" cgroup "$folder" || refuse "the control groups of $group cannot be mounted"
  [ ! -e "$folder/release_agent" ] || refuse "the group of $group is the root group of the machine"
done < /proc/self/cgroup
exec "$@"
