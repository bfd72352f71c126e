import { CODE } from "../character-codes";
import { readCounters, type TextCounters } from "../counters";

const { QUOTE } = CODE;

interface SavedChain {
  readonly name: string;
  readonly policy: string;
  readonly counters: TextCounters;
}

/** Reads `:NAME POLICY [PACKETS:BYTES]` with single spaces. Returns undefined for any other form. */
export function readSavedChain(text: string, start: number, end: number): SavedChain | undefined {
  const first = text.indexOf(" ", start);
  if (first < 0 || first > end || text.charCodeAt(start + 1) === QUOTE) return undefined;
  const second = text.indexOf(" ", first + 1);
  if (second < 0 || second > end || second === first + 1) return undefined;
  const counters =
    text.indexOf("]", second) === end - 1 ? readCounters(text.slice(second + 1, end)) : undefined;
  if (!counters) return undefined;
  // Most chains have the policy "-". The literal avoids creating a new string for each of them.
  const policy = second - first === 2 ? "-" : text.slice(first + 1, second);
  return { name: text.slice(start + 1, first), policy, counters };
}
