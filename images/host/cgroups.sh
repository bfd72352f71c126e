#!/bin/sh
# cgroups COMMAND…: mounts control groups of this container's own, writable, and runs COMMAND in them.
#
# The container must have a private cgroup namespace (docker run --cgroupns=private): a mount made inside then begins at
# the container's own group, and the groups of the machine and of other containers cannot be reached
# (cgroup_namespaces(7)). Where that is not so, it ends with a line that begins with NO_CGROUPS.
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

# Moves the processes of the group on /sys/fs/cgroup to its child $1, and gives the child all controllers. The kernel
# refuses the second while a process is left (cgroups(7), "no internal processes"), and `docker exec` may just have
# added one: then both are tried again, as Docker's own hack/dind does.
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
# What the engine has mounted is read-only.
while mountpoint -q /sys/fs/cgroup; do umount -R /sys/fs/cgroup; done

if [ "$type" = cgroup2fs ]; then
  # The engine's limits are on the container's group. COMMAND gets a namespace that begins one level below, and what
  # `docker exec` starts comes to the same place: runc finds that the group above has children and no processes, and
  # joins process 1. So nobody inside reaches the limits, also where cgroup2 is mounted without nsdelegate.
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
  # The cgroup2 tree beside the others on a machine that has both.
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
