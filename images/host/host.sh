#!/bin/sh
# Starts dockerd with the given arguments. The layers of the baked images are mounted where the engine expects
# them, not copied: nothing is loaded, and the disk is shared by all hosts.
set -eu
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
exec cgroups dockerd "$@"
