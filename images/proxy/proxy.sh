#!/bin/sh
# PROGRAM: haproxy or tinyproxy. CONFIG: the content of its configuration file. NAMES: the names for which to create a
# certificate, if any. The private key never leaves this container; only the certificate is read from outside.
set -eu
umask 077
if [ -n "${NAMES:-}" ]; then
  for name in $NAMES; do names="${names:+$names,}DNS:$name"; done
  for address in $(hostname -I); do names="$names,IP:$address"; done
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
    -subj "/CN=${NAMES%% *}" -addext "subjectAltName=$names" -keyout /tmp/key.pem -out /tmp/certificate.pem 2>/dev/null
  cat /tmp/certificate.pem /tmp/key.pem > /tmp/edge.pem
  rm /tmp/key.pem
  chmod 644 /tmp/certificate.pem
fi
printf '%s\n' "$CONFIG" > "/tmp/$PROGRAM.conf"
case $PROGRAM in
haproxy) exec haproxy -W -db -f /tmp/haproxy.conf ;;
tinyproxy) exec tinyproxy -d -c /tmp/tinyproxy.conf ;;
esac
