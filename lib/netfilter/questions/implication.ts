import { protocolNumberOf } from "../conntrack/protocol";
import type { Masked, Match, Range, Rule } from "../model";
import { type Net, netOf, within } from "../routing/address";

/** A condition of a rule, prepared for comparison with many others. */
export interface Condition {
  readonly match: Match;
  /** Equal for equal conditions. */
  readonly text: string;
  /** The network of a `source` or `destination`; absent if its mask is non-contiguous. */
  readonly net?: Net & { readonly length: number };
}

export function condition(match: Match): Condition {
  const text = JSON.stringify(match);
  if (match.kind !== "source" && match.kind !== "destination") return { match, text };
  const net = netOf(match.prefix.address, match.prefix.mask);
  return net?.length === undefined ? { match, text } : { match, text, net: { ...net, length: net.length } };
}

/** Returns the conditions of a rule, without comments. */
export function conditionsOf({ matches }: Rule): readonly Condition[] {
  return matches.filter(({ kind }) => kind !== "comment").map(condition);
}

/** Whether every packet that matches `later` matches `first`: some condition of `later` implies each one of `first`. */
export function covers(first: readonly Condition[], later: readonly Condition[]): boolean {
  return first.every((wide) => later.some((narrow) => implies(narrow, wide)));
}

/** Kinds for which one condition implies another of its kind only if both are equal. */
const EQUAL_ONLY = [
  "fragment",
  "tcpFlags",
  "ctProtocol",
  "ctAddress",
  "ctPort",
  "ctDirection",
  "ctStatus",
  "ctExpire",
  "addressRange",
  "mac",
  "owner",
  "pktType",
  "statisticRandom",
  "statisticNth",
  "limit",
  "hashlimit",
  "connlimit",
  "recent",
  "set",
  "rpfilter",
  "physdev",
] as const satisfies readonly Match["kind"][];

const equalOnly: ReadonlySet<string> = new Set(EQUAL_ONLY);

/** A condition that implies only an equal one of its kind. */
export type EqualOnly = Extract<Match, { kind: (typeof EQUAL_ONLY)[number] }>;

export const isEqualOnly = (match: Match): match is EqualOnly => equalOnly.has(match.kind);

export const same = (a: Condition, b: Condition): boolean => a.text === b.text;

/** Whether every packet that matches `narrow` also matches `wide`. */
function implies(narrow: Condition, wide: Condition): boolean {
  if (same(narrow, wide)) return true;
  const [inner, outer] = [narrow.match, wide.match];
  if (
    inner.kind === "comment" ||
    outer.kind === "comment" ||
    inner.kind === "opaque" ||
    outer.kind === "opaque"
  )
    return false;
  // `-m tcp --dport 80` implies that the protocol is TCP.
  if (inner.kind === "port" && outer.kind === "protocol" && !outer.inverted && inner.protocol !== undefined)
    return protocolNumberOf(inner.protocol) === protocolNumberOf(outer.protocol);
  if (inner.kind === "protocol" && outer.kind === "protocol" && !inner.inverted && outer.inverted)
    return protocolNumberOf(inner.protocol) !== protocolNumberOf(outer.protocol);
  if (inner.kind !== outer.kind) return false;
  if (inner.inverted !== outer.inverted) return excludes(narrow, wide);
  // For two negated conditions it is the other way round: `! -s 10.0.0.0/8` implies `! -s 10.1.0.0/16`.
  return inner.inverted ? includes(wide, narrow) : includes(narrow, wide);
}

/**
 * For two conditions of the same kind: whether the values of `wide` include those of `narrow`. Ignores whether they are
 * negated.
 */
export function includes(
  { match: narrow, net: inner }: Condition,
  { match: wide, net: outer }: Condition,
): boolean {
  if (isEqualOnly(narrow)) return false;
  switch (narrow.kind) {
    case "source":
    case "destination":
      if (wide.kind !== narrow.kind || inner === undefined || outer === undefined) return false;
      return inner.length >= outer.length && within(inner.words, outer);
    case "inInterface":
    case "outInterface":
      return (
        wide.kind === narrow.kind && wide.name.endsWith("+") && narrow.name.startsWith(wide.name.slice(0, -1))
      );
    case "port": {
      if (wide.kind !== "port" || wide.side !== narrow.side) return false;
      if (wide.protocol !== undefined && wide.protocol !== narrow.protocol) return false;
      return narrow.ports.every((ports) => wide.ports.some((range) => rangeIncludes(range, ports)));
    }
    case "ctState":
      return wide.kind === "ctState" && narrow.states.every((state) => wide.states.includes(state));
    case "addressType":
      return (
        wide.kind === "addressType" &&
        wide.side === narrow.side &&
        wide.limitTo === undefined &&
        narrow.types.every((type) => wide.types.includes(type))
      );
    case "mark":
      return wide.kind === "mark" && maskIncludes(wide.mark, narrow.mark);
    case "connmark":
      return wide.kind === "connmark" && maskIncludes(wide.mark, narrow.mark);
    case "tos":
      return wide.kind === "tos" && maskIncludes(wide.tos, narrow.tos);
    case "ttl":
      return wide.kind === "ttl" && rangeIncludes(wide.ttl, narrow.ttl);
    case "length":
      return wide.kind === "length" && rangeIncludes(wide.bytes, narrow.bytes);
    case "icmp":
      return (
        wide.kind === "icmp" &&
        wide.family === narrow.family &&
        (wide.type === 255 || (wide.type === narrow.type && rangeIncludes(wide.codes, narrow.codes)))
      );
    case "protocol":
    case "comment":
    case "opaque":
      return false;
  }
}

const rangeIncludes = (wide: Range, narrow: Range): boolean =>
  wide.from <= narrow.from && wide.to >= narrow.to;

const maskIncludes = (wide: Masked, narrow: Masked): boolean =>
  (wide.mask & ~narrow.mask) === 0 && ((narrow.value ^ wide.value) & wide.mask) === 0;

/** For `narrow` and a negated `wide` of the same kind: whether every packet that matches `narrow` matches the negation. */
function excludes({ match: narrow, net: inner }: Condition, { match: wide, net: outer }: Condition): boolean {
  if (narrow.kind === "comment" || narrow.kind === "opaque" || narrow.inverted) return false;
  if ((narrow.kind === "source" || narrow.kind === "destination") && wide.kind === narrow.kind) {
    if (inner === undefined || outer === undefined) return false;
    return !within(inner.words, outer) && !within(outer.words, inner);
  }
  if ((narrow.kind === "inInterface" || narrow.kind === "outInterface") && wide.kind === narrow.kind)
    return !narrow.name.endsWith("+") && !wide.name.endsWith("+") && narrow.name !== wide.name;
  if (narrow.kind === "port" && wide.kind === "port")
    return (
      narrow.side === wide.side &&
      narrow.side !== "either" &&
      narrow.ports.every(({ from, to }) => wide.ports.every((range) => to < range.from || from > range.to))
    );
  return false;
}
