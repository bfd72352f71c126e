import { withoutUndefined } from "../../without-undefined";
import type { Family } from "../family";
import type { PolicyRule, PortMatch } from "../snapshot";
import { type Fields, listOf } from "./json";

/**
 * The fields of `ip -d -j rule` that the model reads or that don't affect a packet's path (print_rule in iproute2's
 * iprule.c; `protocol` and `flow_*` only describe who added the rule and traffic accounting). Others are kept in
 * {@link PolicyRule.unknown}.
 */
const READ: ReadonlySet<string> = new Set([
  "priority",
  "not",
  "src",
  "srclen",
  "dst",
  "dstlen",
  "tos",
  "fwmark",
  "fwmask",
  "iif",
  "oif",
  "ipproto",
  "sport",
  "sport_mask",
  "sport_start",
  "sport_end",
  "dport",
  "dport_mask",
  "dport_start",
  "dport_end",
  "uid_start",
  "uid_end",
  "tun_id",
  "l3mdev",
  "table",
  "suppress_prefixlen",
  "suppress_ifgroup",
  "goto",
  "unresolved",
  "nop",
  "action",
]);
const HARMLESS: ReadonlySet<string> = new Set([
  // Origin of the rule.
  "protocol",
  // Realms: traffic accounting. An iptables rule with -m realm is treated as unknown.
  "flow_from",
  "flow_to",
  // The device does not exist, so no device has this name.
  "iif_detached",
  "oif_detached",
]);

/** The fields that ip prints for `nat ADDRESS`. Kept as unknown. */
const NAT = ["masquerade", "nat_gateway"];

/** Parses `ip -j rule` and `ip -6 -j rule`. */
export function parsePolicyRules(raw: unknown, family: Family): readonly PolicyRule[] {
  return listOf(raw).map((rule) => new RuleFields(rule, family).read());
}

class RuleFields {
  readonly #unknown: string[] = [];

  constructor(
    readonly rule: Fields,
    readonly family: Family,
  ) {}

  read(): PolicyRule {
    const { rule, family } = this;
    const from = this.#prefix("src", "srclen");
    const to = this.#prefix("dst", "dstlen");
    const inInterface = this.#text("iif");
    const outInterface = this.#text("oif");
    const mark = this.#number("fwmark");
    const tos = this.#number("tos");
    const protocol = this.#text("ipproto");
    const sourcePort = this.#port("sport");
    const destinationPort = this.#port("dport");
    const uid = this.#range("uid_start", "uid_end");
    const tunnelId = this.#text("tun_id");
    const suppressLength = this.#number("suppress_prefixlen");
    const suppressGroup = this.#text("suppress_ifgroup");
    const action = this.#action();
    for (const name of rule.names())
      if (!READ.has(name) && !HARMLESS.has(name)) this.#unknown.push(rule.shown(name));
    return {
      family,
      priority: rule.number("priority") ?? 0,
      ...withoutUndefined({ from, to, inInterface, outInterface }),
      ...(mark === undefined ? {} : { mark: { value: mark, mask: this.#number("fwmask") ?? 0xffffffff } }),
      ...withoutUndefined({ tos, protocol, sourcePort, destinationPort, uid, tunnelId }),
      ...(rule.has("l3mdev") ? { l3mdev: true } : {}),
      ...withoutUndefined({ suppressLength, suppressGroup }),
      inverted: rule.has("not"),
      action,
      ...(this.#unknown.length === 0 ? {} : { unknown: this.#unknown }),
    };
  }

  #text(name: string): string | undefined {
    return this.rule.text(name) ?? this.rule.number(name)?.toString();
  }

  /** Reads a decimal or hexadecimal number. A name of /etc/iproute2 is recorded as unknown. */
  #number(name: string): number | undefined {
    const text = this.#text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isInteger(value)) return value;
    this.#unknown.push(this.rule.shown(name));
    return undefined;
  }

  #prefix(name: string, length: string): string | undefined {
    const address = this.rule.text(name);
    if (address === undefined || address === "all") return undefined;
    const bits = this.rule.number(length);
    // `ip` prints the prefix 0.0.0.0/8 as `0/8`.
    if (address === "0") return `${this.family === "ipv4" ? "0.0.0.0" : "::"}/${bits ?? 0}`;
    if (!/^[0-9a-f.:]+$/i.test(address)) {
      // With -r, ip prints host names.
      this.#unknown.push(this.rule.shown(name));
      return undefined;
    }
    return `${address}/${bits ?? (address.includes(":") ? 128 : 32)}`;
  }

  #range(first: string, last: string): { readonly from: number; readonly to: number } | undefined {
    const [from, to] = [this.#number(first), this.#number(last)];
    return from === undefined || to === undefined ? undefined : { from, to };
  }

  #port(name: "sport" | "dport"): PortMatch | undefined {
    const range = this.#range(`${name}_start`, `${name}_end`);
    if (range !== undefined) return { kind: "range", ...range };
    const value = this.#number(name);
    if (value === undefined) return undefined;
    return { kind: "mask", value, mask: this.#number(`${name}_mask`) ?? 0xffff };
  }

  #action(): PolicyRule["action"] {
    const { rule } = this;
    const target = this.#number("goto");
    if (target !== undefined) return { kind: "goto", priority: target };
    if (rule.has("nop")) return { kind: "nop" };
    const action = rule.text("action");
    const translation = NAT.find((name) => rule.has(name));
    // Rules with `nat` no longer work: a packet that matches one is discarded with an error (fib4_rule_action).
    if (translation !== undefined) return { kind: "blackhole" };
    if (action === undefined) return { kind: "lookup", table: this.#text("table") ?? "main" };
    if (action === "blackhole" || action === "unreachable" || action === "prohibit") return { kind: action };
    this.#unknown.push(rule.shown("action"));
    return { kind: "blackhole" };
  }
}
