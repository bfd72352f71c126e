/** Protocol numbers and names from /etc/protocols of Debian's netbase (IANA, protocol-numbers). */
const NAMES: readonly (readonly [number, ...string[]])[] = [
  [0, "ip"],
  [0, "hopopt"],
  [1, "icmp"],
  [2, "igmp"],
  [3, "ggp"],
  [4, "ipencap", "ip-encap"],
  [5, "st"],
  [6, "tcp"],
  [8, "egp"],
  [9, "igp"],
  [12, "pup"],
  [17, "udp"],
  [20, "hmp"],
  [22, "xns-idp"],
  [27, "rdp"],
  [29, "iso-tp4"],
  [33, "dccp"],
  [36, "xtp"],
  [37, "ddp"],
  [38, "idpr-cmtp"],
  [41, "ipv6"],
  [43, "ipv6-route"],
  [44, "ipv6-frag"],
  [45, "idrp"],
  [46, "rsvp"],
  [47, "gre"],
  [50, "esp", "ipsec-esp"],
  [51, "ah", "ipsec-ah"],
  [57, "skip"],
  [58, "ipv6-icmp"],
  [59, "ipv6-nonxt"],
  [60, "ipv6-opts"],
  [73, "rspf", "cphb"],
  [81, "vmtp"],
  [88, "eigrp"],
  [89, "ospf", "ospfigp"],
  [93, "ax.25"],
  [94, "ipip"],
  [97, "etherip"],
  [98, "encap"],
  [103, "pim"],
  [108, "ipcomp"],
  [112, "vrrp"],
  [115, "l2tp"],
  [124, "isis"],
  [132, "sctp"],
  [133, "fc"],
  [135, "mobility-header"],
  [136, "udplite"],
  [137, "mpls-in-ip"],
  [138, "manet"],
  [139, "hip"],
  [140, "shim6"],
  [141, "wesp"],
  [142, "rohc"],
  [143, "ethernet"],
];

/** Names that iptables resolves itself before it calls getprotobyname() (xtables.c, xtables_chain_protos). */
const IPTABLES_NAMES: readonly (readonly [string, number])[] = [
  ["tcp", 6],
  ["sctp", 132],
  ["udp", 17],
  ["udplite", 136],
  ["icmp", 1],
  ["icmpv6", 58],
  ["ipv6-icmp", 58],
  ["esp", 50],
  ["ah", 51],
  ["mh", 135],
  ["ipv6-mh", 135],
  ["mobility-header", 135],
  ["all", 0],
];

const byName = new Map<string, number>();
const byNumber = new Map<number, string>();
for (const [number, ...names] of NAMES) {
  for (const name of names) if (!byName.has(name)) byName.set(name, number);
  const [first] = names;
  if (first !== undefined && !byNumber.has(number)) byNumber.set(number, first);
}
for (const [name, number] of IPTABLES_NAMES) byName.set(name, number);

/** Returns the number of a protocol, given its lower-case name. */
export const protocolNumber = (name: string): number | undefined => byName.get(name);

/** Returns the name of a protocol, or the decimal number if it has no name. */
export const protocolName = (number: number): string => byNumber.get(number) ?? String(number);
