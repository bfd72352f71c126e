import { protocolNumberOf } from "../conntrack/protocol";
import type { Range, Rule } from "../model";
import { masked, maskOf } from "../routing/address";
import { type Condition, covers, isEqualOnly } from "./implication";

interface Entry {
  /** Position among the added rules. */
  readonly order: number;
  readonly rule: Rule;
  readonly conditions: readonly Condition[];
}

/** The prefix lengths, sizes of port blocks and masks of marks for which there are buckets. */
interface Sizes {
  readonly prefixLengths: Set<number>;
  readonly portBits: Set<number>;
  readonly markMasks: Set<number>;
}

/**
 * Finds the first of many rules that covers another one, without comparing each pair. A rule is stored under one of its
 * conditions, in buckets where every condition that implies this one is looked up. Rules whose conditions have no such
 * buckets (most negated ones, for example) are compared one by one.
 */
export class ShadowIndex {
  readonly #buckets = new Map<string, Entry[]>();
  readonly #others: Entry[] = [];
  readonly #sizes: Sizes = { prefixLengths: new Set(), portBits: new Set(), markMasks: new Set() };
  #size = 0;

  /** Adds a rule after all others. */
  add(rule: Rule, conditions: readonly Condition[]): void {
    const entry: Entry = { order: this.#size++, rule, conditions };
    const indexed = conditions.flatMap((each) => {
      const keys = storedUnder(each);
      if (keys === undefined) return [];
      return [{ each, keys, size: Math.max(...keys.map((key) => this.#buckets.get(key)?.length ?? 0)) }];
    });
    const [first, ...rest] = indexed;
    if (first === undefined) {
      this.#others.push(entry);
      return;
    }
    const { each, keys } = rest.reduce((best, next) => (next.size < best.size ? next : best), first);
    for (const key of keys) {
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) this.#buckets.set(key, [entry]);
      else bucket.push(entry);
    }
    if (each.net !== undefined) this.#sizes.prefixLengths.add(each.net.length);
    if (each.match.kind === "port")
      for (const range of each.match.ports) this.#sizes.portBits.add(bitsOf(range));
    if (each.match.kind === "mark") this.#sizes.markMasks.add(each.match.mark.mask);
  }

  /** Returns the first added rule that matches every packet that matches these conditions. */
  firstCovering(conditions: readonly Condition[]): Rule | undefined {
    let found: Entry | undefined;
    const look = (entries: readonly Entry[] = []): void => {
      for (const entry of entries) {
        if (found !== undefined && entry.order > found.order) return;
        if (covers(entry.conditions, conditions)) found = entry;
      }
    };
    look(this.#others);
    for (const each of conditions)
      for (const key of lookedUpUnder(each, this.#sizes)) look(this.#buckets.get(key));
    return found?.rule;
  }
}

/**
 * Returns the buckets for a rule with this condition, such that each condition that implies it is looked up in at least
 * one of them. Returns undefined if there are no such buckets.
 */
function storedUnder({ match, text, net }: Condition): readonly string[] | undefined {
  if (isEqualOnly(match)) return [text];
  switch (match.kind) {
    case "source":
    case "destination":
      if (match.inverted) return undefined;
      return [net === undefined ? text : prefixKey(match.kind, net.words, net.length)];
    case "protocol":
      return match.inverted ? undefined : [protocolKey(match.protocol)];
    case "inInterface":
    case "outInterface":
      return match.inverted ? undefined : [`${match.kind} ${match.name}`];
    case "port":
      if (match.inverted) return undefined;
      return match.ports.flatMap((range) => {
        const bits = bitsOf(range);
        return [portKey(match.side, range.from, bits), portKey(match.side, range.to, bits)];
      });
    case "mark":
      return match.inverted ? undefined : [markKey(match.mark.value, match.mark.mask)];
    // A condition with other values may imply this one, and there is no bucket in which it would find this rule.
    case "ctState":
    case "addressType":
    case "icmp":
    case "connmark":
    case "tos":
    case "ttl":
    case "length":
    case "comment":
    case "opaque":
      return undefined;
  }
}

/** Returns the buckets that contain every indexed rule whose indexed condition may be implied by this one. */
function lookedUpUnder({ match, text, net }: Condition, sizes: Sizes): readonly string[] {
  switch (match.kind) {
    case "source":
    case "destination": {
      if (net === undefined) return [text];
      const { kind } = match;
      return [...sizes.prefixLengths]
        .filter((length) => length <= net.length)
        .map((length) => prefixKey(kind, net.words, length));
    }
    case "protocol":
      return [protocolKey(match.protocol)];
    case "inInterface":
    case "outInterface": {
      const { kind, name } = match;
      const patterns = Array.from({ length: name.length }, (_, at) => `${kind} ${name.slice(0, at)}+`);
      return [`${kind} ${name}`, ...patterns];
    }
    case "port": {
      const protocol = match.protocol === undefined ? [] : [protocolKey(match.protocol)];
      const [first] = match.ports;
      if (first === undefined) return protocol;
      return [...protocol, ...[...sizes.portBits].map((bits) => portKey(match.side, first.from, bits))];
    }
    case "mark": {
      const { value, mask } = match.mark;
      return [...sizes.markMasks].filter((wide) => (wide & ~mask) === 0).map((wide) => markKey(value, wide));
    }
    default:
      return [text];
  }
}

const prefixKey = (kind: string, words: readonly number[], length: number): string =>
  `${kind} ${masked(words, maskOf(length, words.length)).join(".")}/${length}`;

/** A protocol by its number, because a rule may name it or not. */
const protocolKey = (protocol: string): string => `protocol ${protocolNumberOf(protocol)}`;

/** A port in a block of `2 ** bits` ports. A range is in at most two blocks of its own size. */
const portKey = (side: string, port: number, bits: number): string => `${side} port ${port >> bits}<<${bits}`;

const bitsOf = ({ from, to }: Range): number => Math.ceil(Math.log2(to - from + 1));

const markKey = (value: number, mask: number): string => `mark ${value & mask}/${mask}`;
