#!/bin/sh
# PORTS: the ports to listen on (default "80 8080"). POD_NAME: name of the pod (default: the host name).
set -eu
listen=
for port in ${PORTS:-80 8080}; do
  listen="$listen listen $port;"
  [ ! -e /proc/net/if_inet6 ] || listen="$listen listen [::]:$port;"
done
sed -e "s/@LISTEN@/$listen/" -e "s/@POD@/${POD_NAME:-$(hostname)}/" /etc/nginx/nginx.conf > /tmp/nginx.conf
exec nginx -e stderr -c /tmp/nginx.conf
