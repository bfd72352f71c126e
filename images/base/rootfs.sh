#!/bin/sh
# Writes the root file system of a slim Debian to stdout, as a tar archive. It is equivalent to debian:trixie-slim, for
# machines that cannot reach a container registry. Needs root and debootstrap, and downloads only from Debian's mirror.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
debootstrap --variant=minbase trixie "$dir" http://deb.debian.org/debian >&2
cd "$dir"
rm -rf var/cache/apt/* var/lib/apt/lists/* var/log/* var/cache/debconf/*-old var/lib/dpkg/*-old \
  usr/share/doc/* usr/share/man/* usr/share/info/* usr/share/locale/* usr/share/lintian usr/share/linda
mkdir -p var/lib/apt/lists/partial
: > etc/hostname
: > etc/resolv.conf
tar --numeric-owner --one-file-system --exclude='./dev/*' -cf - .
