import type { PolicyRule, Route } from "../../inspect/snapshot";
import type { Family } from "../model";
import type { Host } from "../traverse/host";
import { addressWords, masked, maskOf, type Net, parseNet, textOf, type Words, within } from "./address";

/** What the kernel asks the routing tables with (struct flowi4). */
export interface Flow {
  readonly dst: Words;
  readonly src?: Words;
  readonly mark: number;
  /** Device that the packet came in by; `lo` for what a local process sends. */
  readonly iif: string;
  /** Device that the way out must use (the reverse-path check's second look). */
  readonly oif?: string;
}

/** What a lookup found, or why it found nothing. */
export type Found =
  | {
      readonly kind: "route";
      readonly route: Route;
      readonly equal: readonly Route[];
      readonly length: number;
    }
  | { readonly kind: "none" };

interface Level {
  readonly length: number;
  readonly mask: Words;
  readonly routes: Map<string | number, Route[]>;
}

interface CompiledRule {
  readonly rule: PolicyRule;
  readonly from: Net | undefined;
  readonly to: Net | undefined;
}

/** An IPv4 prefix is looked up as the number it is. */
function keyOf(dst: Words, mask: Words): string | number {
  return dst.length === 1 ? ((dst[0] ?? 0) & (mask[0] ?? 0)) >>> 0 : masked(dst, mask).join(".");
}

const NONE: Found = { kind: "none" };
const TABLE_NAMES: Readonly<Record<string, string>> = { "255": "local", "254": "main", "253": "default" };
const tableName = (table: string): string => TABLE_NAMES[table] ?? table;

/** The policy rules that a namespace starts with. */
function defaultRules(family: Family): PolicyRule[] {
  const tables: readonly (readonly [number, string])[] =
    family === "ipv4"
      ? [
          [0, "local"],
          [32766, "main"],
          [32767, "default"],
        ]
      : [
          [0, "local"],
          [32766, "main"],
        ];
  return tables.map(([priority, table]) => ({
    family,
    priority,
    inverted: false,
    action: { kind: "lookup", table },
  }));
}

/** The routing tables and policy rules of one family of one host, ready to be asked. */
export class Fib {
  readonly #tables = new Map<string, Level[]>();
  readonly #rules: readonly CompiledRule[];
  /** Whether rules other than the default ones exist (fib4_has_custom_rules). */
  readonly customRules: boolean;

  constructor(host: Host, family: Family) {
    const width = family === "ipv4" ? 1 : 4;
    const routes = (host.routes ?? []).filter((route) => route.family === family);
    const listsLocal = routes.some((route) => tableName(route.table) === "local");
    for (const route of listsLocal ? routes : [...routes, ...localRoutes(host, family)])
      this.#add(route, width);
    for (const levels of this.#tables.values()) levels.sort((a, b) => b.length - a.length);
    const own = host.policyRules?.filter((rule) => rule.family === family);
    this.customRules = (own ?? []).some((rule) => ![0, 32766, 32767].includes(rule.priority));
    this.#rules = (own === undefined || own.length === 0 ? defaultRules(family) : own)
      .slice()
      .sort((a, b) => a.priority - b.priority)
      .map((rule) => ({
        rule,
        from: rule.from === undefined ? undefined : parseNet(rule.from),
        to: rule.to === undefined ? undefined : parseNet(rule.to),
      }));
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
    same.sort((a, b) => (a.metric ?? 0) - (b.metric ?? 0));
    level.routes.set(key, same);
  }

  /** Longest prefix first, then the smallest metric, in one table. */
  lookupIn(table: string, dst: Words, oif?: string): Found {
    for (const level of this.#tables.get(tableName(table)) ?? []) {
      const routes = level.routes.get(keyOf(dst, level.mask));
      const usable = oif === undefined ? routes : routes?.filter((route) => route.dev === oif);
      const best = usable?.[0];
      if (usable === undefined || best === undefined) continue;
      const equal = usable.filter((route) => (route.metric ?? 0) === (best.metric ?? 0));
      return { kind: "route", route: best, equal, length: level.length };
    }
    return NONE;
  }

  /** Asks the policy rules in order (fib_rules_lookup); a `throw` route goes on with the next rule. */
  lookup(flow: Flow): Found {
    for (const { rule, from, to } of this.#rules) {
      const selected =
        (from === undefined || (flow.src !== undefined && within(flow.src, from))) &&
        (to === undefined || within(flow.dst, to)) &&
        (rule.inInterface === undefined || rule.inInterface === flow.iif) &&
        (rule.outInterface === undefined || rule.outInterface === flow.oif) &&
        (rule.mark === undefined ||
          (flow.mark & rule.mark.mask) >>> 0 === (rule.mark.value & rule.mark.mask) >>> 0);
      if (selected === rule.inverted) continue;
      if (rule.action.kind !== "lookup") {
        const route: Route = {
          family: rule.family,
          destination: textOf(flow.dst),
          type: rule.action.kind,
          table: "rule",
        };
        return { kind: "route", route, equal: [route], length: 0 };
      }
      const found = this.lookupIn(rule.action.table, flow.dst, flow.oif);
      if (found.kind === "route" && found.route.type !== "throw") return found;
    }
    return NONE;
  }
}

/** The local table as the kernel fills it from the addresses (fib_frontend.c, fib_add_ifaddr; addrconf.c). */
function localRoutes(host: Host, family: Family): Route[] {
  const routes: Route[] = [];
  const width = family === "ipv4" ? 1 : 4;
  const add = (destination: string, type: Route["type"], dev: string, source?: string): void => {
    routes.push({
      family,
      destination,
      type,
      table: "local",
      dev,
      ...(source === undefined || family === "ipv6" ? {} : { source }),
    });
  };
  for (const link of host.links ?? []) {
    for (const address of link.addresses) {
      const words = addressWords(address.address);
      if (address.family !== family || words === undefined) continue;
      // What is sent to a secondary address comes from its primary one.
      const net = { words, mask: maskOf(address.prefixLength, width), length: address.prefixLength };
      const primary = address.secondary
        ? link.addresses.find((other) => !other.secondary && within(addressWords(other.address) ?? [], net))
        : undefined;
      add(`${address.address}/${width * 32}`, "local", link.name, (primary ?? address).address);
      if (family === "ipv6") continue;
      const mask = maskOf(address.prefixLength, 1);
      const prefix = masked(words, mask);
      if (link.name === "lo" && (words[0] ?? 0) >>> 24 === 127)
        add(`${textOf(prefix)}/${address.prefixLength}`, "local", "lo", address.address);
      if (address.prefixLength < 31 && !address.secondary)
        add(`${textOf([((prefix[0] ?? 0) | ~(mask[0] ?? 0)) >>> 0])}/32`, "broadcast", link.name);
      if (address.broadcast !== undefined && address.broadcast !== "255.255.255.255")
        add(`${address.broadcast}/32`, "broadcast", link.name);
    }
  }
  return routes;
}

const fibs = new WeakMap<Host, Partial<Record<Family, Fib>>>();

/** The host's tables, built once. */
export function fibOf(host: Host, family: Family): Fib {
  const known = fibs.get(host) ?? {};
  fibs.set(host, known);
  const fib = known[family] ?? new Fib(host, family);
  known[family] = fib;
  return fib;
}
