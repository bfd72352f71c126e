#!/bin/sh
# host ARGUMENT…: starts containerd, and dockerd with these arguments.
set -eu

# The second step, with the control groups in place.
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

# The layers of the baked images are mounted where the engine expects them, not copied: nothing is loaded, and all hosts
# share the disk space.
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
# The sysctls of this container's own network namespace become writable for the engine, those of the kernel do
# not. Forwarding starts off, as on a fresh host: the engine turns it on and sets FORWARD's policy to DROP.
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,rw /proc/sys/net
echo 0 > /proc/sys/net/ipv4/ip_forward
exec cgroups host --engines "$@"
