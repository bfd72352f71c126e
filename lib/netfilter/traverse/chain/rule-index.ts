import type { Rule } from "../../model";
import { addressWords } from "../../routing/address";
import type { Test } from "../state/answer";
import type { HookState } from "../state/hook-state";

/** A rule whose conditions are compiled to functions. */
export interface CompiledRule {
  readonly rule: Rule;
  readonly id: string;
  readonly tests: readonly Test[];
}

/** The rules of a chain by position. */
export interface RuleList {
  readonly length: number;
  at(position: number): CompiledRule | undefined;
}

type Buckets = Map<string | number, number[]>;

/**
 * An index of the rules of one chain, so that a packet is only compared with rules that may match it. A rule is found by its
 * destination address; without one by its destination port, or by its source address. Other rules are always compared.
 */
export class RuleIndex {
  readonly #byDestination: Buckets = new Map();
  readonly #byPort: Buckets = new Map();
  readonly #bySource: Buckets = new Map();
  readonly #always: number[] = [];

  constructor(chain: RuleList) {
    for (let at = 0; at < chain.length; at++) {
      const rule = chain.at(at);
      if (rule !== undefined) this.#add(rule, at);
    }
  }

  #add(rule: CompiledRule, at: number): void {
    let destination: string | undefined;
    let port: number | undefined;
    let source: string | undefined;
    for (const test of rule.tests) {
      // Ignore what follows a stateful condition (such as a rate limit): the condition is updated even if a later one does not
      // match, so the rule must be evaluated.
      if (test.kind === "stateful") break;
      const { match } = test;
      if (match.kind === "destination" && !match.inverted) destination ??= single(match.prefix);
      else if (match.kind === "source" && !match.inverted) source ??= single(match.prefix);
      else if (match.kind === "port" && !match.inverted && match.side === "destination") {
        const [only, more] = match.ports;
        if (only !== undefined && more === undefined && only.from === only.to) port ??= only.from;
      }
    }
    if (destination !== undefined) push(this.#byDestination, destination, at);
    else if (port !== undefined) push(this.#byPort, port, at);
    else if (source !== undefined) push(this.#bySource, source, at);
    else this.#always.push(at);
  }

  *candidates(hookState: HookState, start: number): Generator<number> {
    const lists: (readonly number[])[] = [this.#always];
    lists.push(...pick(this.#byDestination, hookState.dst?.join(".")));
    lists.push(...pick(this.#byPort, hookState.packet.dport));
    lists.push(...pick(this.#bySource, hookState.src?.join(".")));
    const heads = lists.map((list) => lowerBound(list, start));
    for (;;) {
      let best = -1;
      let least = Number.POSITIVE_INFINITY;
      for (let list = 0; list < lists.length; list++) {
        const position = lists[list]?.[heads[list] ?? 0];
        if (position !== undefined && position < least) [least, best] = [position, list];
      }
      if (best < 0) return;
      heads[best] = (heads[best] ?? 0) + 1;
      yield least;
    }
  }
}

/** Returns the list for a value, or all lists if the value is unknown. */
function pick(buckets: Buckets, key: string | number | undefined): (readonly number[])[] {
  if (key === undefined) return [...buckets.values()];
  const list = buckets.get(key);
  return list === undefined ? [] : [list];
}

function push(buckets: Buckets, key: string | number, at: number): void {
  const list = buckets.get(key);
  if (list === undefined) buckets.set(key, [at]);
  else list.push(at);
}

/** Returns the key of a prefix that contains a single address. */
function single(prefix: { readonly address: string; readonly mask: string | number }): string | undefined {
  const words = addressWords(prefix.address);
  if (words === undefined) return undefined;
  const whole = words.length === 1 ? ["32", "255.255.255.255"] : ["128"];
  return whole.includes(String(prefix.mask)) ? words.join(".") : undefined;
}

/** Returns the index of the first element that is not less than `start`, by binary search. */
function lowerBound(list: readonly number[], start: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
