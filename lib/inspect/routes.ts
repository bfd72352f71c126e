import type { Family } from "../netfilter/model";
import { type Fields, listOf } from "./json";
import type { PolicyRule, Route } from "./snapshot";

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

/** `ip -d -j route show table all`: both families in one list; one of several next hops becomes one route each. */
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
  return [
    {
      family,
      destination: destinationOf(dst, family),
      type: types.find((type) => type === route.text("type")) ?? "unicast",
      table: route.text("table") ?? "main",
      ...(via === undefined ? {} : { via }),
      ...(dev === undefined ? {} : { dev }),
      ...(source === undefined ? {} : { source }),
      ...(metric === undefined ? {} : { metric }),
      ...(scope === undefined ? {} : { scope }),
      ...(protocol === undefined ? {} : { protocol }),
    },
  ];
}

// ip prints no family. An address tells; of a bare `default` only IPv6's has a preference (`pref medium`).
function routeFamily(dst: string, address: string | undefined, route: Fields): Family {
  const known = dst === "default" ? address : dst;
  if (known !== undefined) return known.includes(":") ? "ipv6" : "ipv4";
  return route.has("pref") ? "ipv6" : "ipv4";
}

function destinationOf(dst: string, family: Family): string {
  if (dst === "default") return family === "ipv4" ? "0.0.0.0/0" : "::/0";
  if (dst.includes("/")) return dst;
  return `${dst}/${family === "ipv4" ? 32 : 128}`;
}

/** `ip -j rule`, and `ip -6 -j rule`. */
export function parsePolicyRules(raw: unknown, family: Family): readonly PolicyRule[] {
  return listOf(raw).map((rule) => {
    const from = prefixOf(rule, "src", "srclen");
    const to = prefixOf(rule, "dst", "dstlen");
    const inInterface = rule.text("iif");
    const outInterface = rule.text("oif");
    const mark = rule.text("fwmark");
    return {
      family,
      priority: rule.number("priority") ?? 0,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(inInterface === undefined ? {} : { inInterface }),
      ...(outInterface === undefined ? {} : { outInterface }),
      ...(mark === undefined
        ? {}
        : { mark: { value: Number(mark), mask: Number(rule.text("fwmask") ?? 0xffffffff) } }),
      inverted: rule.has("not"),
      action: actionOf(rule),
    };
  });
}

function prefixOf(rule: Fields, name: string, length: string): string | undefined {
  const address = rule.text(name);
  if (address === undefined || address === "all") return undefined;
  const bits = rule.number(length) ?? (address.includes(":") ? 128 : 32);
  return `${address}/${bits}`;
}

function actionOf(rule: Fields): PolicyRule["action"] {
  const action = rule.text("action");
  if (action === "blackhole" || action === "unreachable" || action === "prohibit") return { kind: action };
  return { kind: "lookup", table: rule.text("table") ?? "main" };
}
