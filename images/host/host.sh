#!/bin/sh
# host ARGUMENT…: starts containerd, and dockerd with these arguments.
set -eu

# The second step, after the control groups were mounted.
if [ "${1-}" = --engines ]; then
  shift
  containerd --config /etc/containerd/wirebook.toml &
  containerd=$!
  until [ -S /run/docker/containerd/containerd.sock ]; do
    kill -0 "$containerd" || exit 1
    sleep 0.01
  done
  # A dockerd that starts containerd itself tries to connect too early, and waits a second before it tries again.
  exec dockerd --containerd /run/docker/containerd/containerd.sock "$@"
fi

# Mounts the layers of the baked images where the engine expects them, instead of copying them. This saves time, and all
# hosts share the disk space.
baked=/usr/share/wirebook/engine
if [ ! -e /var/lib/docker/image ]; then
  mkdir -p /var/lib/docker/overlay2
  cp -a "$baked/overlay2/l" /var/lib/docker/overlay2/
  cp -a "$baked/image" /var/lib/docker/
fi
for layer in "$baked"/overlay2/*/diff; do
  place=/var/lib/docker/overlay2/$(basename "$(dirname "$layer")")
  mkdir -p "$place"
  mount --bind "${layer%/diff}" "$place"
done
# Makes the sysctls of this container's own network namespace writable for the engine, but not those of the kernel.
# Forwarding is off at first, as on a new host: the engine turns it on and sets the policy of FORWARD to DROP.
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,rw /proc/sys/net
echo 0 > /proc/sys/net/ipv4/ip_forward
exec cgroups host --engines "$@"
