import type { Family } from "../netfilter/model";
import { type Fields, listOf } from "./json";
import type { InterfaceAddress, Link } from "./snapshot";

/** `ip -j netns list-id`: the inode of the namespace behind each id, where its name is its inode. */
export function parseNetnsNames(raw: unknown): ReadonlyMap<number, number> {
  const names = new Map<number, number>();
  for (const entry of listOf(raw)) {
    const id = entry.number("nsid");
    const inode = Number(entry.text("name"));
    if (id !== undefined && Number.isInteger(inode) && inode > 0) names.set(id, inode);
  }
  return names;
}

/** `ip -d -s -j addr show`. */
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
    return [
      {
        ifindex,
        name,
        kind:
          kind ?? (link.text("link_type") === "loopback" ? "loopback" : (link.text("link_type") ?? "ether")),
        ...(mac === undefined ? {} : { mac }),
        mtu: link.number("mtu") ?? 0,
        up: link.texts("flags").includes("UP"),
        operState: link.text("operstate") ?? "UNKNOWN",
        ...(master === undefined ? {} : { master }),
        ...(hairpin ? { hairpin } : {}),
        ...peerOf(link, kind, netns),
        addresses: link.list("addr_info").flatMap(addressOf),
        ...(counters ? { counters } : {}),
      },
    ];
  });
}

/** The kernel's kind; a tap is one of `tun` that carries frames instead of packets, and says so in its data. */
function kindOf(info: Fields | undefined): string | undefined {
  const kind = info?.text("info_kind");
  return kind === "tun" ? (info?.object("info_data")?.text("type") ?? kind) : kind;
}

// The kernel gives the other end of a veth as IFLA_LINK; in the same namespace ip prints its name instead.
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
      ...(netnsId === undefined ? {} : { netnsId }),
      ...(inode === undefined ? {} : { netns: inode }),
    },
  };
}

function addressOf(entry: Fields): readonly InterfaceAddress[] {
  const family = familyOf(entry.text("family"));
  const local = entry.text("local");
  if (family === undefined || local === undefined) return [];
  const broadcast = entry.text("broadcast");
  // With a peer (`ip addr add A peer B`) iproute2 prints the far end as `address`.
  const peer = entry.text("address");
  return [
    {
      family,
      address: local,
      prefixLength: entry.number("prefixlen") ?? (family === "ipv4" ? 32 : 128),
      ...(broadcast === undefined ? {} : { broadcast }),
      ...(peer === undefined ? {} : { peer }),
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

/** iproute2's name of an address family. */
export function familyOf(name: string | undefined): Family | undefined {
  if (name === "inet") return "ipv4";
  return name === "inet6" ? "ipv6" : undefined;
}
