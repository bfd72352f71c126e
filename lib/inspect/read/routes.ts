import { withoutUndefined } from "../../without-undefined";
import type { Family } from "../family";
import type { Route } from "../snapshot";
import { type Fields, listOf } from "./json";

const types = [
  "unicast",
  "local",
  "broadcast",
  "multicast",
  "anycast",
  "blackhole",
  "unreachable",
  "prohibit",
  "throw",
] as const;

// The fields of `ip -d -j route` (print_route in iproute2's iproute.c): those the model reads, those it can ignore, and
// those that restrict a route to some packets.
const READ: ReadonlySet<string> = new Set([
  "type",
  "dst",
  "from",
  "tos",
  "gateway",
  "via",
  "dev",
  "table",
  "prefsrc",
  "metric",
  "flags",
  "metrics",
  "nexthops",
  "weight",
]);
const HARMLESS: ReadonlySet<string> = new Set([
  // Who added the route, and when it expires. Both have no effect on packets while the route exists.
  "protocol",
  "expires",
  // Checked when the route is added.
  "scope",
  // Id of the next hop object. Its content is printed as gateway, dev or nexthops.
  "nhid",
  "nh_info",
  // Traffic accounting.
  "flow",
  "realm",
  "flow_from",
  "flow_to",
  // Preference of IPv6 default routers. If it decides, the trace follows each of them.
  "pref",
  // Statistics, and the answer to `route get`.
  "used",
  "age",
  "users",
  "ipid",
  "cache",
  // MPLS: only with encap.
  "ttl-propogate",
  "ttl-propagate",
]);
const CONDITIONS: ReadonlySet<string> = new Set(["iif", "mark", "uid"]);
// Metrics tune TCP and the TTL of locally sent packets. Only the MTU affects forwarded packets.
const HARMLESS_METRICS: ReadonlySet<string> = new Set([
  "window",
  "rtt",
  "rttvar",
  "ssthresh",
  "cwnd",
  "advmss",
  "reordering",
  "hoplimit",
  "initcwnd",
  "features",
  "ecn",
  "rto_min",
  "initrwnd",
  "quickack",
  "congctl",
  "congestion",
  "fastopen_no_cookie",
]);
// `onlink`, `pervasive` and `notify` matter only when the route is added; `dead` and `linkdown` are read.
const HARMLESS_FLAGS: ReadonlySet<string> = new Set(["onlink", "pervasive", "notify", "dead", "linkdown"]);

/** Parses `ip -d -j route show table all`, with both families in one list. Returns one route per next hop. */
export function parseRoutes(raw: unknown): readonly Route[] {
  return listOf(raw).flatMap((route) => {
    const hops = route.list("nexthops");
    return hops.length === 0 ? routeOf(route, route) : hops.flatMap((hop) => routeOf(route, hop));
  });
}

function routeOf(route: Fields, hop: Fields): readonly Route[] {
  const dst = route.text("dst");
  if (dst === undefined) return [];
  const via = hop.text("gateway") ?? hop.object("via")?.text("host");
  const dev = hop.text("dev") ?? route.text("dev");
  const source = route.text("prefsrc");
  const metric = route.number("metric");
  const scope = route.text("scope");
  const protocol = route.text("protocol");
  const family = routeFamily(dst, via ?? source, route);
  const type = types.find((type) => type === (route.text("type") ?? "unicast"));
  const from = route.text("from");
  const tos = route.text("tos");
  const mtu = mtuOf(route);
  const flags = [...route.texts("flags"), ...hop.texts("flags")];
  const onlyFor = [
    ...route.names().filter((name) => CONDITIONS.has(name)),
    ...(tos === undefined || Number.isInteger(Number(tos)) ? [] : ["tos"]),
  ].map((name) => route.shown(name));
  const unknown = unknownOf(route, hop, flags);
  if (type === undefined) unknown.push(route.shown("type"));
  if ((type ?? "unicast") === "unicast" && dev === undefined)
    unknown.push("a next hop that ip does not show");
  return [
    {
      family,
      destination: destinationOf(dst, family),
      type: type ?? "unicast",
      table: route.text("table") ?? "main",
      ...withoutUndefined({ via, dev, source, metric, scope, protocol }),
      ...(tos === undefined || !Number.isInteger(Number(tos)) ? {} : { tos: Number(tos) }),
      ...(from === undefined ? {} : { from: destinationOf(from, family) }),
      ...(hop === route ? {} : { weight: hop.number("weight") ?? 1 }),
      ...withoutUndefined({ mtu }),
      ...(flags.includes("dead") ? { dead: true } : {}),
      ...(flags.includes("linkdown") ? { linkDown: true } : {}),
      ...(onlyFor.length === 0 ? {} : { onlyFor }),
      ...(unknown.length === 0 ? {} : { unknown }),
    },
  ];
}

function mtuOf(route: Fields): number | undefined {
  for (const metrics of route.list("metrics")) {
    const mtu = metrics.number("mtu");
    if (mtu !== undefined) return mtu;
  }
  return undefined;
}

function unknownOf(route: Fields, hop: Fields, flags: readonly string[]): string[] {
  const own = (fields: Fields): string[] =>
    fields
      .names()
      .filter((name) => !READ.has(name) && !HARMLESS.has(name) && !CONDITIONS.has(name))
      .map((name) => fields.shown(name));
  return [
    ...own(route),
    ...(hop === route ? [] : own(hop)),
    ...route.list("metrics").flatMap((metrics) =>
      metrics
        .names()
        .filter((name) => name !== "mtu" && !HARMLESS_METRICS.has(name))
        .map((name) => `metric ${metrics.shown(name)}`),
    ),
    ...[...new Set(flags)].filter((flag) => !HARMLESS_FLAGS.has(flag)).map((flag) => `flag ${flag}`),
  ];
}

// ip prints no family: derive it from an address. Without one, only IPv6 default routes have `pref medium`.
function routeFamily(dst: string, address: string | undefined, route: Fields): Family {
  if (dst !== "default") return dst.includes(":") ? "ipv6" : "ipv4";
  if (route.has("pref")) return "ipv6";
  // ip prints the IPv6 next hop of an IPv4 route as `via`, with its family.
  if (route.has("via")) return route.object("via")?.text("family") === "inet6" ? "ipv4" : "ipv6";
  return address?.includes(":") === true ? "ipv6" : "ipv4";
}

function destinationOf(dst: string, family: Family): string {
  if (dst === "default") return family === "ipv4" ? "0.0.0.0/0" : "::/0";
  if (dst.includes("/")) return dst;
  return `${dst}/${family === "ipv4" ? 32 : 128}`;
}
