import type { Host } from "../../model";
import { type Family, type Match, unknownCondition } from "../../model";
import { addressWords, masked, maskOf, textOf, type Words } from "../../routing/address";
import type { Evaluation } from "../state/evaluation";
import type { Bucket } from "../state/kernel-state";
import type { Ask } from "./header";

type Of<K extends Match["kind"]> = Extract<Match, { kind: K }>;

/** Rates are stored as the time between packets, in tenths of a millisecond (XT_LIMIT_SCALE). */
const SCALE = 10_000;

/** `--mode nth`: of every n packets that reach this rule, the one with number `packet` (starting at 0) matches. */
export function nth(match: Of<"statisticNth">, id: string): Ask {
  return (_view, evaluation) => {
    const count = evaluation.state.nth.get(id) ?? 0;
    evaluation.state = { ...evaluation.state, nth: evaluation.state.nth.with(id, (count + 1) % match.every) };
    return (count === match.packet) !== match.inverted;
  };
}

/** A token bucket (xt_limit.c): full at first, refilled over time. Each packet takes one token. */
function takeToken(
  evaluation: Evaluation,
  key: string,
  rate: { packets: number; seconds: number; burst: number },
): boolean {
  const cost = Math.floor((SCALE * rate.seconds) / rate.packets);
  const cap = cost * rate.burst;
  const bucket: Bucket = evaluation.state.buckets.get(key) ?? { credit: cap, at: evaluation.state.now };
  const filled = Math.min(cap, bucket.credit + (evaluation.state.now - bucket.at) * SCALE);
  const has = filled >= cost;
  const after = { credit: has ? filled - cost : filled, at: evaluation.state.now };
  evaluation.state = { ...evaluation.state, buckets: evaluation.state.buckets.with(key, after) };
  return has;
}

export function limit(match: Of<"limit">, id: string): Ask {
  return (_view, evaluation) => takeToken(evaluation, id, match) !== match.inverted;
}

function keyAddress(words: Words | undefined, bits: number): string {
  return words === undefined ? "?" : textOf(masked(words, maskOf(bits, words.length)));
}

type Hashlimit = Of<"hashlimit">;

const firstRules = new WeakMap<Host, Map<string, Hashlimit>>();

/**
 * Rules with the same hashlimit name share a table, with the settings of the first rule that was loaded. Only `above` is
 * specific to a rule (xt_hashlimit.c, htable_find_get).
 */
function settingsOf(host: Host, match: Hashlimit, family: Family): Hashlimit {
  const known = firstRules.get(host) ?? new Map<string, Hashlimit>();
  firstRules.set(host, known);
  const key = `${family} ${match.name}`;
  const settings = known.get(key) ?? firstHashlimit(host, match.name, family) ?? match;
  known.set(key, settings);
  return settings;
}

function firstHashlimit(host: Host, name: string, family: Family): Hashlimit | undefined {
  for (const ruleset of host.rulesets) {
    if (ruleset.family !== family) continue;
    for (const table of ruleset.tables.values())
      for (const chain of table.chains.values())
        for (const rule of chain.rules) {
          // Checks the text first, because conditions are parsed lazily.
          if (!rule.text.includes("hashlimit")) continue;
          for (const match of rule.matches)
            if (match.kind === "hashlimit" && match.name === name) return match;
        }
  }
  return undefined;
}

/** `-m hashlimit`: one bucket for each key. `--hashlimit-above` matches if the bucket is empty (xt_hashlimit.c). */
export function hashlimit(match: Hashlimit): Ask {
  return (hookState, evaluation) => {
    const { family } = hookState.packet;
    const settings = settingsOf(hookState.host, match, family);
    if (settings.bytes)
      return unknownCondition(
        `hashlimit ${match.name}`,
        `hashlimit ${match.name} matches`,
        `hashlimit ${match.name} does not match`,
      );
    const parts = settings.key.map((part) => {
      if (part === "srcip") return keyAddress(hookState.src, settings.srcMask);
      if (part === "dstip") return keyAddress(hookState.dst, settings.dstMask);
      return String((part === "srcport" ? hookState.packet.sport : hookState.packet.dport) ?? "?");
    });
    const has = takeToken(evaluation, `hashlimit ${family} ${match.name} ${parts.join(" ")}`, settings);
    return (has !== match.above) !== match.inverted;
  };
}

export function maskBits(mask: string | number, width: number): Words {
  if (typeof mask === "number") return maskOf(mask, width);
  return /^\d+$/.test(mask) ? maskOf(Number(mask), width) : (addressWords(mask) ?? maskOf(128, width));
}

/** Number of timestamps stored for an address: ip_pkt_list_tot (20), rounded up to a power of two. */
const STAMPS = 32;

/** `-m recent`: named lists of addresses and the times when they were seen, shared by all rules of the namespace (xt_recent.c). */
export function recent(match: Of<"recent">): Ask {
  return (hookState, evaluation) => {
    const words = match.side === "source" ? hookState.src : hookState.dst;
    if (words === undefined)
      return unknownCondition(
        `recent ${match.name}`,
        `the address is on the list ${match.name}`,
        `the address is not on the list ${match.name}`,
      );
    const address = textOf(masked(words, maskBits(match.mask, words.length)));
    const key = `${match.name} ${hookState.packet.family} ${address}`;
    // xt_recent.c adds 1 to the TTL of forwarded packets, which was already decremented.
    const ttl = hookState.packet.ttl + (hookState.out !== "" && hookState.socket === "none" ? 1 : 0);
    const entry = evaluation.state.recent.get(key);
    const found = entry !== undefined && (!match.ttl || entry.ttl === ttl) ? entry : undefined;
    const update = (value: { stamps: readonly number[]; ttl: number } | undefined): void => {
      evaluation.state = { ...evaluation.state, recent: evaluation.state.recent.with(key, value) };
    };
    const { now } = evaluation.state;
    const seen = (): void => update({ stamps: [...(found?.stamps ?? []), now].slice(-STAMPS), ttl });
    if (match.action === "set") {
      seen();
      return !match.inverted;
    }
    if (found === undefined) return match.inverted;
    if (match.action === "remove") {
      update(undefined);
      return !match.inverted;
    }
    const since = match.seconds === undefined ? Number.NEGATIVE_INFINITY : now - match.seconds;
    const hits = found.stamps.filter((stamp) => stamp >= since).length;
    const answer = hits >= (match.hitcount ?? 1) !== match.inverted;
    if (match.action === "update" && answer) seen();
    else if (match.reap && match.seconds !== undefined) {
      const kept = found.stamps.filter((stamp) => stamp >= since);
      update(kept.length === 0 ? undefined : { stamps: kept, ttl: found.ttl });
    }
    return answer;
  };
}
