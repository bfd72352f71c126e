import { withoutUndefined } from "../../without-undefined";
import type { Family } from "../family";
import type { InterfaceAddress, Link } from "../snapshot";
import { type Fields, listOf } from "./json";

/** Parses `ip -j netns list-id`: the inode of the namespace of each id, if its name is the inode. */
export function parseNetnsNames(raw: unknown): ReadonlyMap<number, number> {
  const names = new Map<number, number>();
  for (const entry of listOf(raw)) {
    const id = entry.number("nsid");
    const inode = Number(entry.text("name"));
    if (id !== undefined && Number.isInteger(inode) && inode > 0) names.set(id, inode);
  }
  return names;
}

/** Parses `ip -d -s -j addr show`. */
export function parseLinks(raw: unknown, netns: ReadonlyMap<number, number> = new Map()): readonly Link[] {
  return listOf(raw).flatMap((link) => {
    const ifindex = link.number("ifindex");
    const name = link.text("ifname");
    if (ifindex === undefined || name === undefined) return [];
    const kind = kindOf(link.object("linkinfo"));
    const mac = link.text("address");
    const master = link.text("master");
    const hairpin = link.object("linkinfo")?.object("info_slave_data")?.flag("hairpin") === true;
    const counters = countersOf(link);
    const masterKind = link.object("linkinfo")?.text("info_slave_kind");
    const group = link.text("group");
    const unknown = unknownOf(link, kind);
    return [
      {
        ifindex,
        name,
        kind:
          kind ?? (link.text("link_type") === "loopback" ? "loopback" : (link.text("link_type") ?? "ether")),
        ...withoutUndefined({ mac }),
        mtu: link.number("mtu") ?? 0,
        up: link.texts("flags").includes("UP"),
        operState: link.text("operstate") ?? "UNKNOWN",
        ...withoutUndefined({ master }),
        ...(masterKind === undefined || masterKind === "bridge" ? {} : { masterKind }),
        ...(hairpin ? { hairpin } : {}),
        ...(group === undefined || group === "default" ? {} : { group }),
        ...(link.object("linkinfo")?.object("info_slave_data")?.flag("isolated") === true
          ? { isolated: true }
          : {}),
        ...callsRules(link.object("linkinfo")?.object("info_data")),
        ...(unknown.length === 0 ? {} : { unknown }),
        ...peerOf(link, kind, netns),
        addresses: link.list("addr_info").flatMap(addressOf),
        ...withoutUndefined({ counters }),
      },
    ];
  });
}

// The fields of `ip -d -s -j addr` that the model reads or can ignore (print_linkinfo in iproute2's ipaddress.c).
const READ: ReadonlySet<string> = new Set([
  "ifindex",
  "ifname",
  "link",
  "link_index",
  "link_netnsid",
  "flags",
  "mtu",
  "operstate",
  "group",
  "link_type",
  "address",
  "master",
  "linkinfo",
  "addr_info",
  "stats",
  "stats64",
]);
const HARMLESS: ReadonlySet<string> = new Set([
  // Names and numbers.
  "ifalias",
  "altname",
  "altnames",
  "phys_port_name",
  "phys_port_id",
  "phys_switch_id",
  "parentbus",
  "parentdev",
  "link_netns",
  "new_netnsid",
  "new_netns",
  "new_ifindex",
  // Link layer.
  "broadcast",
  "permaddr",
  "link_pointtopoint",
  "promiscuity",
  "allmulti",
  "qdisc",
  "qlen",
  "txqlen",
  "linkmode",
  "carrier_changes",
  "carrier_up_count",
  "carrier_down_count",
  "num_tx_queues",
  "num_rx_queues",
  "min_mtu",
  "max_mtu",
  // Offloads affect segmentation, not the path.
  "gso_max_size",
  "gso_max_segs",
  "gso_ipv4_max_size",
  "gro_max_size",
  "gro_ipv4_max_size",
  "tso_max_size",
  "tso_max_segs",
  // Generation of addresses. The resulting addresses are read.
  "inet6_addr_gen_mode",
  "inet6_token",
  "addr_gen_mode",
  "temp_address_limit",
]);
const DOWN: ReadonlySet<string> = new Set(["DOWN", "LOWERLAYERDOWN", "NOTPRESENT", "DORMANT", "TESTING"]);
// Kinds that send every packet that is routed to them.
const PLAIN_KINDS: ReadonlySet<string> = new Set([
  "veth",
  "bridge",
  "bond",
  "team",
  "dummy",
  "ifb",
  "vlan",
  "tap",
  "tun",
  "macvlan",
  "macvtap",
  "netkit",
  "vrf",
  "ipvlan",
  // Tunnels: the model ends where the packet leaves by one, like at a physical link.
  "vxlan",
  "geneve",
  "gre",
  "gretap",
  "ip6gre",
  "ip6gretap",
  "ipip",
  "ip6tnl",
  "sit",
  "wireguard",
  "macsec",
  "ppp",
]);

/** Returns the properties of a link that affect packets but are not part of the model. */
function unknownOf(link: Fields, kind: string | undefined): string[] {
  const flags = link.texts("flags");
  const state = link.text("operstate");
  const port = link.object("linkinfo")?.object("info_slave_data");
  const portState = port?.text("state");
  const data = link.object("linkinfo")?.object("info_data");
  const xdp = link.object("xdp");
  return [
    ...(flags.length > 0 && !flags.includes("UP") ? ["it is down"] : []),
    ...(flags.includes("NO-CARRIER") || (flags.includes("UP") && state !== undefined && DOWN.has(state))
      ? [`it has no carrier${state === undefined ? "" : ` (state ${state})`}`]
      : []),
    ...(xdp === undefined ? [] : [xdpText(xdp)]),
    ...(link.flag("proto_down") || link.text("proto_down") === "on" ? ["proto_down is on"] : []),
    ...(port?.flag("locked") === true ? ["it is a locked port of its bridge"] : []),
    ...(portState === undefined || portState === "forwarding" ? [] : [`its bridge port is ${portState}`]),
    ...(data?.number("vlan_filtering") === 1 ? ["its bridge filters by VLAN (vlan_filtering)"] : []),
    ...(kind === "vrf" ? ["it is a VRF: packets are routed by its table"] : []),
    ...(kind === "ipvlan" || kind === "netkit"
      ? [`it is of kind ${kind}, which may handle packets differently`]
      : []),
    ...(kind === undefined || PLAIN_KINDS.has(kind) ? [] : [`it is of kind ${kind}`]),
    ...link
      .names()
      .filter((name) => !READ.has(name) && !HARMLESS.has(name) && name !== "xdp" && name !== "proto_down")
      .map((name) => link.shown(name)),
  ];
}

function xdpText(xdp: Fields): string {
  const id = xdp.object("prog")?.number("id");
  return `an XDP program${id === undefined ? "" : ` (id ${id})`} handles its packets first`;
}

/** A bridge's own nf_call_iptables and nf_call_ip6tables, if one is on. */
function callsRules(data: Fields | undefined): Pick<Link, "callsRules"> {
  const on = (name: string): boolean => data?.number(name) === 1 || data?.flag(name) === true;
  const [ipv4, ipv6] = [on("nf_call_iptables"), on("nf_call_ip6tables")];
  return ipv4 || ipv6 ? { callsRules: { ipv4, ipv6 } } : {};
}

/** Returns the kernel's kind. A tap has the kind `tun`, but its data says that it carries frames. */
function kindOf(info: Fields | undefined): string | undefined {
  const kind = info?.text("info_kind");
  return kind === "tun" ? (info?.object("info_data")?.text("type") ?? kind) : kind;
}

// The kernel reports the peer of a veth as IFLA_LINK. In the same namespace, ip prints its name instead.
function peerOf(
  link: Fields,
  kind: string | undefined,
  netns: ReadonlyMap<number, number>,
): Pick<Link, "peer"> {
  const ifindex = link.number("link_index");
  if (kind !== "veth" || ifindex === undefined) return {};
  const netnsId = link.number("link_netnsid");
  const inode = netnsId === undefined ? undefined : netns.get(netnsId);
  return {
    peer: {
      ifindex,
      ...withoutUndefined({ netnsId, netns: inode }),
    },
  };
}

function addressOf(entry: Fields): readonly InterfaceAddress[] {
  const family = familyOf(entry.text("family"));
  const local = entry.text("local");
  if (family === undefined || local === undefined) return [];
  const broadcast = entry.text("broadcast");
  // With a peer (`ip addr add A peer B`), iproute2 prints the peer as `address`.
  const peer = entry.text("address");
  return [
    {
      family,
      address: local,
      prefixLength: entry.number("prefixlen") ?? (family === "ipv4" ? 32 : 128),
      ...withoutUndefined({ broadcast, peer }),
      scope: entry.text("scope") ?? "global",
      secondary: entry.has("secondary"),
    },
  ];
}

function countersOf(link: Fields): Link["counters"] {
  const stats = link.object("stats64") ?? link.object("stats");
  const rx = stats?.object("rx");
  const tx = stats?.object("tx");
  if (!rx || !tx) return undefined;
  return {
    rxPackets: rx.number("packets") ?? 0,
    rxBytes: rx.number("bytes") ?? 0,
    txPackets: tx.number("packets") ?? 0,
    txBytes: tx.number("bytes") ?? 0,
  };
}

/** Converts iproute2's name of an address family. */
function familyOf(name: string | undefined): Family | undefined {
  if (name === "inet") return "ipv4";
  return name === "inet6" ? "ipv6" : undefined;
}
