import { SENTINEL_ADDRESS } from "../../../netfilter/trace/own-table";

// $1 is the name of our tables. Each further argument is a definition of them. The script loads the first one that this
// kernel accepts and prints its number (`@loaded N`). It removes the tables when it ends: at end of file on stdin (also
// if the process at the other end is killed), on a signal, or after a failure.
// nft receives events when its socket has joined the multicast group. /proc/net/netlink lists the socket by its inode.
export const traceScript = `
m=
name=$1; shift
clean() {
  trap - EXIT; [ -z "$m" ] || kill "$m" 2>/dev/null
  nft "delete table inet $name; delete table netdev $name" 2>/dev/null || nft delete table inet "$name" 2>/dev/null
}
trap clean EXIT
trap 'exit 130' INT TERM HUP PIPE
n=0; said=
for text; do
  said=$(printf '%s' "$text" | nft -f - 2>&1) && break
  n=$((n + 1))
done
[ $n -lt $# ] || { printf '%s\n' "$said" >&2; exit 3; }
echo "@loaded $n"; echo @rules; nft -a -t list ruleset || exit 3; echo @monitor
nft -a monitor trace </dev/null & m=$!
listening() {
  for fd in /proc/$m/fd/*; do
    inode=$(readlink "$fd" 2>/dev/null) || continue
    case $inode in socket:*) ;; *) continue ;; esac
    inode=\${inode#socket:[}; inode=\${inode%]}
    while read -r _ family _ groups _ _ _ _ _ found; do
      [ "$family" = 12 ] && [ "$found" = "$inode" ] && [ "$groups" != 00000000 ] && return 0
    done < /proc/net/netlink
  done
  return 1
}
until listening; do kill -0 "$m" 2>/dev/null || exit 4; sleep 0.01; done
echo @ready
while read -r port; do { echo > "/dev/udp/${SENTINEL_ADDRESS}/$port"; } 2>/dev/null; done
`;
