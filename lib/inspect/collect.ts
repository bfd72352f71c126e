import { randomBytes } from "node:crypto";
import type { Shell } from "../engine";
import { LabError } from "../engine";
import { parseConntrack } from "./read/conntrack";
import { parseJson } from "./read/json";
import { parseLinks, parseNetnsNames } from "./read/links";
import { parseForwarding, parseNeighbours } from "./read/neighbours";
import { parsePolicyRules } from "./read/policy-rules";
import { parseRoutes } from "./read/routes";
import { parseSockets } from "./read/sockets";
import type { RulesetDump, Snapshot } from "./snapshot";

/** The sysctls that affect the path of a packet. `*` matches each link. */
const sysctls = [
  "ipv4/ip_forward",
  "ipv4/conf/*/rp_filter",
  "ipv4/conf/*/forwarding",
  "ipv4/conf/*/accept_local",
  "ipv4/conf/*/route_localnet",
  "ipv4/conf/*/src_valid_mark",
  "ipv4/conf/*/send_redirects",
  "ipv4/fwmark_reflect",
  "ipv4/conf/*/ignore_routes_with_linkdown",
  "ipv4/conf/all/bc_forwarding",
  "ipv4/conf/all/mc_forwarding",
  "ipv4/conf/*/proxy_arp",
  "ipv4/ip_local_port_range",
  "ipv4/ip_nonlocal_bind",
  "ipv4/ip_default_ttl",
  "ipv4/icmp_echo_ignore_all",
  "ipv6/conf/*/forwarding",
  "ipv6/conf/*/force_forwarding",
  "ipv6/conf/*/ignore_routes_with_linkdown",
  "ipv6/conf/all/mc_forwarding",
  "ipv6/fwmark_reflect",
  "ipv6/conf/*/disable_ipv6",
  "bridge/bridge-nf-call-iptables",
  "bridge/bridge-nf-call-ip6tables",
  "netfilter/nf_conntrack_max",
  "netfilter/nf_conntrack_count",
  "netfilter/nf_conntrack_tcp_be_liberal",
  "netfilter/nf_conntrack_tcp_loose",
];

// Starting a program takes 2-3 ms, so two groups of commands run in parallel; the first one writes to a file in memory.
// `ss` takes as long as several of the other programs, because the kernel walks the machine's whole table of sockets.
// `ip -batch` runs five commands in one process. The command that fails on kernels without policy routing is last.
const sections = `
file=/dev/shm/wirebook.$$
{
  part ipv4-nft; iptables-nft-save -c 2>/dev/null || iptables-save -c
  part ipv6-nft; ip6tables-nft-save -c 2>/dev/null || ip6tables-save -c
  if read -r table < /proc/net/ip_tables_names; then part ipv4-legacy; iptables-legacy-save -c; fi
  if read -r table < /proc/net/ip6_tables_names; then part ipv6-legacy; ip6tables-legacy-save -c; fi
  part rules6; ip -6 -j rule
  part fdb; bridge -j fdb
  part nftables; nft list tables
  part conntrack; cat /proc/net/nf_conntrack || { conntrack -L -o extended; conntrack -L -f ipv6 -o extended; }
} > "$file" 2>/dev/null &
{
  part ip; printf 'addr show\\nroute show table all\\nneigh show\\nnetns list-id\\nrule show\\n' | ip -d -s -j -force -batch -
  part sockets; ss -H -n -a -t -u -O
  part sysctls; cd /proc/sys/net && grep -s '' ${sysctls.join(" ")}; cd /
  part netns; stat -L -c %i /proc/self/ns/net
} 2>/dev/null
wait
cat "$file"; : > "$file"
`;

/**
 * Takes a snapshot of a network namespace with one script, run by a shell in that namespace.
 *
 * Shell: `ip addr; ip route show table all; ip rule; ip neigh; bridge fdb; iptables-save -c; conntrack -L; ss -tuan`.
 *
 * @param shell - a root shell in the namespace, from `place.netnsHandle()`.
 * @param place - the name that the snapshot gets.
 * @throws LabError `CONTAINER_GONE` if the namespace cannot be entered, `ENGINE_FAILED` if the output is invalid.
 * @example
 * import { inspectNamespace, Lab } from "wirebook";
 * const lab = await Lab.open("inspect-example");
 * const client = await lab.netns("client");
 * const { shell } = await client.netnsHandle();
 * const { links } = await inspectNamespace(shell, "client"); // the same as client.snapshot()
 * console.log(links.map(({ name }) => name));
 * await lab.close();
 */
export async function inspectNamespace(shell: Shell, place: string): Promise<Snapshot> {
  const mark = `-part-${randomBytes(8).toString("hex")}`;
  const { stdout, stderr } = await shell.run(`part() { printf '\\n${mark} %s\\n' "$1"; }${sections}`);
  const parts = new Map<string, string>();
  for (const piece of stdout.split(`\n${mark} `).slice(1)) {
    const end = piece.indexOf("\n");
    parts.set(piece.slice(0, end), piece.slice(end + 1));
  }
  try {
    return assemble(place, parts);
  } catch (cause) {
    throw new LabError("ENGINE_FAILED", {
      where: place,
      found: `cannot read the state of its network namespace (${stderr.trim() || String(cause)})`,
      advice: "Run the commands in it yourself: ip -j addr, ip -j route, iptables-save.",
      cause,
    });
  }
}

/** Builds a snapshot from the output of the script's parts. */
export function assemble(place: string, parts: ReadonlyMap<string, string>): Snapshot {
  const part = (name: string): string => parts.get(name) ?? "";
  const [addresses, routes, neighbours, ids, rules] = part("ip")
    .split("\n")
    .filter((line) => line.startsWith("["))
    .map(parseJson);
  const inode = Number(part("netns").trim());
  return {
    place,
    ...(Number.isInteger(inode) && inode > 0 ? { netns: inode } : {}),
    links: parseLinks(addresses ?? [], parseNetnsNames(ids ?? [])),
    routes: parseRoutes(routes ?? []),
    policyRules: [
      ...parsePolicyRules(rules ?? [], "ipv4"),
      ...parsePolicyRules(parseJson(part("rules6").trim() || "[]"), "ipv6"),
    ],
    neighbours: parseNeighbours(neighbours ?? []),
    forwarding: parseForwarding(parseJson(part("fdb").trim() || "[]")),
    sysctls: parseSysctls(part("sysctls")),
    iptables: dumps(parts),
    ...nativeTables(part("nftables")),
    conntrack: parseConntrack(part("conntrack")),
    sockets: parseSockets(part("sockets")),
  };
}

function dumps(parts: ReadonlyMap<string, string>): readonly RulesetDump[] {
  const kinds = [
    ["ipv4", "nft"],
    ["ipv4", "legacy"],
    ["ipv6", "nft"],
    ["ipv6", "legacy"],
  ] as const;
  return kinds.flatMap(([family, variant]) => {
    const text = parts.get(`${family}-${variant}`)?.trim() ?? "";
    return text === "" ? [] : [{ family, variant, text: `${text}\n` }];
  });
}

/** The tables that iptables-nft writes (iptables/nft.c), and our own, which a trace adds and removes. */
const FOREIGN = /^table (?!ip6? (?:raw|mangle|nat|filter|security)$|(?:arp|bridge|netdev) |\w+ wirebook-)/;

/** The tables whose rules were not read and may handle IP packets. */
function nativeTables(text: string): Pick<Snapshot, "nftables"> {
  const nftables = text.split("\n").filter((line) => FOREIGN.test(line));
  return nftables.length === 0 ? {} : { nftables };
}

function parseSysctls(text: string): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    // sysctl(8) replaces dots in a link's name with slashes.
    const name = line
      .slice(0, colon)
      .split("/")
      .map((word) => word.replaceAll(".", "/"));
    values[["net", ...name].join(".")] = line.slice(colon + 1).replaceAll("\t", " ");
  }
  return values;
}
