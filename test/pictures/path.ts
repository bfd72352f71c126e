import type {
  Action,
  Hook,
  Match,
  Outcome,
  Packet,
  Rule,
  Step,
  TableName,
  Traversal,
  UnmatchedRule,
} from "../../lib/netfilter/model";

/** Helpers to write a path by hand, based on real rule sets, in the form that the model returns. */

export function tcp(src: string, sport: number, dst: string, dport: number): Packet {
  const family = src.includes(":") ? "ipv6" : "ipv4";
  return {
    family,
    src,
    dst,
    protocol: "tcp",
    sport,
    dport,
    tcpFlags: ["SYN"],
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
  };
}

export function icmp(src: string, dst: string): Packet {
  return {
    family: "ipv4",
    src,
    dst,
    protocol: "icmp",
    icmp: { type: 8, code: 0, id: 7 },
    ttl: 64,
    tos: 0,
    length: 84,
    mark: 0,
  };
}

let line = 0;

export function rule(text: string, action: Action, index = 1): Rule {
  line += 1;
  return { text, line, index, matches: [], action };
}

export function unmatched(
  text: string,
  reason: string,
  failed: Match = { kind: "protocol", inverted: false, protocol: "tcp" },
): UnmatchedRule {
  return { rule: rule(text, { kind: "accept" }), failed, reason };
}

/** Builds a path step by step, and keeps track of the packet's header. */
export class Way {
  readonly steps: Step[] = [];
  #place: string;
  #packet: Packet;
  #hook: Hook = "PREROUTING";

  constructor(place: string, packet: Packet) {
    this.#place = place;
    this.#packet = packet;
  }

  get packet(): Packet {
    return this.#packet;
  }

  #at(change: Partial<Packet> = {}) {
    const before = this.#packet;
    const after = Object.keys(change).length === 0 ? before : { ...before, ...change };
    this.#packet = after;
    return { place: this.#place, before, after };
  }

  hook(hook: Hook): this {
    this.#hook = hook;
    return this;
  }

  conntrack(text: string, state: "NEW" | "ESTABLISHED" = "NEW"): this {
    this.steps.push({ kind: "conntrack", hook: this.#hook, state, text, ...this.#at() });
    return this;
  }

  rule(
    table: TableName,
    chain: string,
    text: string,
    action: Action,
    words: string,
    more: {
      readonly unmatched?: readonly UnmatchedRule[];
      readonly change?: Partial<Packet>;
      readonly because?: string;
      readonly index?: number;
    } = {},
  ): this {
    this.steps.push({
      kind: "rule",
      hook: this.#hook,
      table,
      chain,
      rule: rule(`-A ${chain} ${text}`, action, more.index),
      effect: action.kind,
      words,
      unmatched: more.unmatched ?? [],
      ...(more.because === undefined ? {} : { because: more.because }),
      ...this.#at(more.change),
    });
    return this;
  }

  back(table: TableName, chain: string, to: string, asked: readonly UnmatchedRule[] = [], by?: Rule): this {
    this.steps.push({
      kind: "return",
      hook: this.#hook,
      table,
      chain,
      to,
      unmatched: asked,
      ...(by ? { rule: by } : {}),
      ...this.#at(),
    });
    return this;
  }

  policy(table: TableName, policy: "ACCEPT" | "DROP" = "ACCEPT", asked: readonly UnmatchedRule[] = []): this {
    this.steps.push({
      kind: "policy",
      hook: this.#hook,
      table,
      chain: this.#hook,
      policy,
      unmatched: asked,
      ...this.#at(),
    });
    return this;
  }

  idle(...tables: readonly TableName[]): this {
    for (const table of tables) this.policy(table);
    return this;
  }

  nat(text: string, change: Partial<Packet>): this {
    this.steps.push({ kind: "nat", hook: this.#hook, text, ...this.#at(change) });
    return this;
  }

  route(text: string, decision: "local" | "forward" | "out" | "drop", out?: string, via?: string): this {
    this.steps.push({
      kind: "routing",
      text,
      decision,
      ...(out ? { out } : {}),
      ...(via ? { via } : {}),
      ...this.#at(),
    });
    return this;
  }

  link(from: readonly [string, number], place: string, to: readonly [string, number], text: string): this {
    this.steps.push({
      kind: "link",
      from: { place: this.#place, link: from[0], ifindex: from[1] },
      to: { place, link: to[0], ifindex: to[1] },
      text,
      ...this.#at(),
    });
    this.#place = place;
    return this;
  }

  end(verdict: Outcome["verdict"], text: string): this {
    this.steps.push({ kind: "end", verdict, text, ...this.#at() });
    return this;
  }

  outcome(
    verdict: Outcome["verdict"],
    more: Partial<Pick<Outcome, "probability" | "certain" | "dependsOn">> = {},
  ): Outcome {
    return {
      probability: { numerator: 1n, denominator: 1n },
      certain: true,
      dependsOn: [],
      verdict,
      packet: this.#packet,
      steps: this.steps,
      ...more,
    };
  }

  path(verdict: Outcome["verdict"]): Traversal {
    const packet = this.steps[0]?.before ?? this.#packet;
    return { packet, outcomes: [this.outcome(verdict)] };
  }
}
