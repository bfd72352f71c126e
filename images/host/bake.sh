#!/bin/sh
# Loads the images in /load/* (each an unpacked `docker save`) into an engine in this container, stops the engine, and
# moves its files to /usr/share/wirebook/engine. Set-up then commits the container as the host image.
set -eu
cgroups dockerd --bridge=none --iptables=false --ip-forward=false 2>/var/log/bake.log &
engine=$!
timeout 30 sh -c "until docker version >/dev/null 2>&1; do kill -0 $engine || exit 1; sleep 0.1; done" || { tail -5 /var/log/bake.log; exit 1; }
for image in /load/*; do tar -C "$image" -cf - . | docker load; done
# The short names that the chapters use in `docker run`.
docker images --format '{{.Repository}}:{{.Tag}}' | while read -r image; do
  name=${image##*/}
  docker tag "$image" "${name%%:*}:latest"
done
kill "$engine"
wait "$engine" || true
rm -rf /load /var/log/bake.log
mkdir -p /usr/share/wirebook/engine
cd /var/lib/docker
# A deleted file is stored in an upper layer as a device file or an attribute, which is lost when copied into an image.
[ -z "$(find overlay2 -type c -path '*/diff/*' | head -n 1)" ] || { echo "an image deletes a file of its base: it cannot be baked"; exit 1; }
cp -a image overlay2 /usr/share/wirebook/engine/
