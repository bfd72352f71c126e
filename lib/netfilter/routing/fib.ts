import type { PolicyRule, Route } from "../../inspect/snapshot";
import type { Host } from "../model";
import { type Family, unknownCondition } from "../model";
import { masked, maskOf, parseNet, textOf, type Words, within } from "./address";
import type { Flow } from "./flow";
import { type Judge, settled } from "./judge";
import { localRoutes } from "./local-routes";
import { type CompiledRule, compileRules, ruleMatches, suppresses } from "./policy";
import { deviceHas } from "./sysctl";

/** The result of a lookup. */
export type Found =
  | {
      readonly kind: "route";
      readonly route: Route;
      /** Routes of equal cost, including `route` (ECMP). */
      readonly equal: readonly Route[];
      readonly length: number;
    }
  | { readonly kind: "none" };

/** All routes of one table with the same prefix length. */
interface Level {
  readonly length: number;
  readonly mask: Words;
  readonly routes: Map<string | number, Route[]>;
}

const sourceLength = ({ from }: Route): number => (from === undefined ? 0 : (parseNet(from)?.length ?? 0));

/** The key of a prefix in the map of its prefix length: a number for IPv4, which is faster to look up, a text for IPv6. */
function keyOf(dst: Words, mask: Words): string | number {
  return dst.length === 1 ? ((dst[0] ?? 0) & (mask[0] ?? 0)) >>> 0 : masked(dst, mask).join(".");
}

const NONE: Found = { kind: "none" };

const TABLE_NAMES: Readonly<Record<string, string>> = { "255": "local", "254": "main", "253": "default" };

const tableName = (table: string): string => TABLE_NAMES[table] ?? table;

/** The routing tables and policy rules of one family of one host, indexed by table and prefix length. */
export class Fib {
  readonly #host: Host;
  readonly #family: Family;
  readonly #tables = new Map<string, Level[]>();
  readonly #rules: readonly CompiledRule[];
  /** Only the main table was listed. The contents of other tables are unknown. */
  readonly #mainOnly: boolean;
  /** Whether rules other than the default ones exist (fib4_has_custom_rules). */
  readonly customRules: boolean;
  /** Whether some rule or route depends on more than addresses, devices and the mark. */
  readonly asksHeader: boolean;

  constructor(host: Host, family: Family) {
    this.#host = host;
    this.#family = family;
    const width = family === "ipv4" ? 1 : 4;
    const routes = (host.routes ?? []).filter((route) => route.family === family);
    // `ip route show table all` prints the table of each route outside of main, so a complete list contains `local`.
    this.#mainOnly = routes.every((route) => tableName(route.table) === "main");
    const listsLocal = routes.some((route) => tableName(route.table) === "local");
    for (const route of listsLocal ? routes : [...routes, ...localRoutes(host, family)])
      this.#add(route, width);
    for (const levels of this.#tables.values()) levels.sort((a, b) => b.length - a.length);
    const own = host.policyRules?.filter((rule) => rule.family === family);
    this.customRules = (own ?? []).some((rule) => ![0, 32766, 32767].includes(rule.priority));
    this.#rules = compileRules(host, family);
    this.asksHeader =
      routes.some(({ tos }) => tos !== undefined) ||
      this.#rules.some(
        ({ rule }) =>
          rule.tos !== undefined ||
          rule.protocol !== undefined ||
          rule.sourcePort !== undefined ||
          rule.destinationPort !== undefined ||
          rule.uid !== undefined,
      );
  }

  #add(route: Route, width: number): void {
    const net = parseNet(route.destination);
    if (net?.length === undefined || net.words.length !== width) return;
    const table = tableName(route.table);
    const levels = this.#tables.get(table) ?? [];
    this.#tables.set(table, levels);
    let level = levels.find(({ length }) => length === net.length);
    if (level === undefined) {
      level = { length: net.length, mask: maskOf(net.length, width), routes: new Map() };
      levels.push(level);
    }
    const key = keyOf(net.words, level.mask);
    const same = level.routes.get(key) ?? [];
    same.push(route);
    // IPv4 sorts routes with the same prefix by TOS, highest first, then by metric (fib_trie.c, fib_find_alias). IPv6
    // prefers the longest source prefix, then the lowest metric (ip6_fib.c, fib6_node_lookup).
    same.sort(
      (a, b) =>
        (b.tos ?? 0) - (a.tos ?? 0) || sourceLength(b) - sourceLength(a) || (a.metric ?? 0) - (b.metric ?? 0),
    );
    level.routes.set(key, same);
  }

  /** Looks up an address in one table: longest prefix first, then lowest metric. Ignores conditions besides the prefix. */
  lookupIn(table: string, dst: Words): Found {
    for (const level of this.#tables.get(tableName(table)) ?? []) {
      const routes = level.routes.get(keyOf(dst, level.mask));
      const best = routes?.find(({ dead }) => dead !== true);
      if (routes !== undefined && best !== undefined) return this.#found(routes, best, level.length);
    }
    return NONE;
  }

  #found(routes: readonly Route[], best: Route, length: number): Found {
    // If several IPv4 routes have the same prefix and metric, the kernel uses the first one. It distributes traffic only
    // between the next hops of one route. IPv6 turns such routes into next hops of one route when they are added.
    const shares = this.#family === "ipv6" || best.weight !== undefined;
    const equal = shares
      ? routes.filter(
          (route) =>
            route.dead !== true &&
            (route.metric ?? 0) === (best.metric ?? 0) &&
            (route.tos ?? 0) === (best.tos ?? 0) &&
            route.from === best.from &&
            (this.#family === "ipv6" || route.weight !== undefined),
        )
      : [best];
    return { kind: "route", route: best, equal, length };
  }

  #lookupFlow(table: string, flow: Flow, judge: Judge): Found {
    for (const level of this.#tables.get(tableName(table)) ?? []) {
      const routes = level.routes
        .get(keyOf(flow.dst, level.mask))
        ?.filter((route) => this.#usable(route, flow, judge));
      const best = routes?.[0];
      if (routes !== undefined && best !== undefined) return this.#found(routes, best, level.length);
    }
    return NONE;
  }

  /** Whether a route with a matching prefix applies to this flow (fib_table_lookup, fib_select_default, rt6_score_route). */
  #usable(route: Route, flow: Flow, judge: Judge): boolean {
    if (route.dead === true) return false;
    if (flow.oif !== undefined && route.dev !== flow.oif) return false;
    if (
      route.linkDown === true &&
      route.dev !== undefined &&
      deviceHas(this.#host, this.#family, route.dev, "ignore_routes_with_linkdown", judge)
    )
      return false;
    if (route.from !== undefined) {
      const from = parseNet(route.from);
      if (from !== undefined && (flow.src === undefined || !within(flow.src, from))) return false;
    }
    const open = [...(route.onlyFor ?? [])];
    if (this.#family === "ipv4" && route.tos !== undefined && route.tos !== 0) {
      if (flow.unknownFields?.includes("tos") === true) open.push(`tos 0x${route.tos.toString(16)}`);
      else if (((flow.tos ?? 0) & 0x1c) !== route.tos) return false;
    }
    if (open.length === 0) return true;
    const name = `route ${routeText(route)} (${open.join(", ")})`;
    return judge.decide(
      unknownCondition(
        `route ${routeText(route)} ${open.join(" ")} ${flow.dst.join(".")}`,
        `${name} is for this packet`,
        `${name} is not for this packet`,
      ),
    );
  }

  /**
   * Evaluates the policy rules in order (fib_rules_lookup). After a `throw` route, continues with the next rule. If a rule
   * or a route has a condition that the model does not know, the judge decides.
   */
  lookup(flow: Flow, judge: Judge): Found {
    let from = 0;
    for (let at = 0; at < this.#rules.length; at++) {
      const compiled = this.#rules[at];
      if (compiled === undefined || at < from) continue;
      const { rule } = compiled;
      if (rule.action.kind === "nop") continue;
      const matches = ruleMatches(compiled, flow, this.#host);
      if (!settled(matches, judge)) continue;
      if (rule.action.kind === "goto") {
        const { priority } = rule.action;
        const target = this.#rules.findIndex((other) => other.rule.priority === priority);
        // A goto to a rule that does not exist is ignored (FIB_RULE_UNRESOLVED).
        if (target > at) from = target;
        continue;
      }
      if (rule.action.kind !== "lookup") {
        const route: Route = {
          family: rule.family,
          destination: textOf(flow.dst),
          type: rule.action.kind,
          table: "rule",
        };
        return { kind: "route", route, equal: [route], length: 0 };
      }
      const found = this.#lookupByRule(rule, rule.action.table, flow, judge);
      if (found.kind !== "route" || found.route.type === "throw") continue;
      for (const text of found.route.unknown ?? [])
        judge.assume(`route ${routeText(found.route)}: ${text} is not part of the model`);
      return found;
    }
    return NONE;
  }

  #lookupByRule(rule: PolicyRule, table: string, flow: Flow, judge: Judge): Found {
    if (rule.l3mdev === true) return this.#lookupUnlisted("of the VRF", flow, judge);
    const name = tableName(table);
    if (this.#mainOnly && !["local", "main", "default"].includes(name))
      return this.#lookupUnlisted(`${name} (not among the routes given)`, flow, judge);
    const found = this.#lookupFlow(table, flow, judge);
    // The suppress options apply to routes that were found. A lookup that ends with an error is not suppressed.
    if (found.kind === "none" || REFUSING.has(found.route.type)) return found;
    const passed = suppresses(rule, { dev: found.route.dev, length: found.length }, this.#host);
    return settled(passed, judge) ? NONE : found;
  }

  /** A lookup in a table that was not listed. Whether it contains a route is unknown. */
  #lookupUnlisted(which: string, flow: Flow, judge: Judge): Found {
    const destination = textOf(flow.dst);
    const has = judge.decide(
      unknownCondition(
        `table ${this.#family} ${which} ${destination}`,
        `table ${which} has a route to ${destination}`,
        `table ${which} has no route to ${destination}`,
      ),
    );
    if (!has) return NONE;
    const route: Route = { family: this.#family, destination, type: "unicast", table: which };
    return { kind: "route", route, equal: [route], length: 0 };
  }
}

/** Route types for which a lookup returns an error (fib_props in fib_semantics.c). */
const REFUSING: ReadonlySet<Route["type"]> = new Set(["unreachable", "prohibit", "blackhole", "throw"]);

/** Formats a route like `ip route`. */
export function routeText(route: Route): string {
  const type = route.type === "unicast" ? "" : `${route.type} `;
  const destination = /^(0\.0\.0\.0|::)\/0$/.test(route.destination) ? "default" : route.destination;
  return [
    `${type}${destination}`,
    route.via === undefined ? "" : `via ${route.via}`,
    route.dev === undefined ? "" : `dev ${route.dev}`,
    route.table === "main" ? "" : `table ${route.table}`,
  ]
    .filter((part) => part !== "")
    .join(" ");
}

const fibs = new WeakMap<Host, Partial<Record<Family, Fib>>>();

/** Returns the tables of a host. They are built once. */
export function fibOf(host: Host, family: Family): Fib {
  const known = fibs.get(host) ?? {};
  fibs.set(host, known);
  const fib = known[family] ?? new Fib(host, family);
  known[family] = fib;
  return fib;
}
