import type { Extension, Options, Use } from "../extensions/extension";
import type { IptablesBehaviour } from "../iptables-version";
import { isUse, type Unread } from "../rule-spec";

type Part = Use | Unread;

/**
 * The matches of a rule as iptables-nft-save reads them back. Matches that iptables-nft translates to native
 * expressions are merged into the first one of that name, where later options override earlier ones. Options without
 * an expression are lost. Since 1.8.10, they are also merged into a match of the same name that was not translated.
 */
export function asExpressed(
  matches: readonly Part[],
  { expressionsJoinMatch }: IptablesBehaviour,
): readonly Part[] {
  if (!matches.some((part) => isUse(part) && part.extension.asNftExpressions)) return matches;
  const read: Part[] = [];
  const places = new Map<Extension, number>();
  for (const part of matches) {
    const place = isUse(part) ? places.get(part.extension) : undefined;
    const before = place === undefined ? undefined : read[place];
    const kept = isUse(part) ? part.extension.asNftExpressions?.(part.options, optionsOf(before)) : undefined;
    if (!isUse(part)) read.push(part);
    else if (!kept) {
      if (expressionsJoinMatch && place === undefined) places.set(part.extension, read.length);
      read.push(part);
    } else if (place !== undefined) read[place] = { extension: part.extension, options: kept };
    else if (kept.size > 0) {
      places.set(part.extension, read.length);
      read.push({ extension: part.extension, options: kept });
    }
  }
  return read;
}

const NOTHING: Options = new Map();

const optionsOf = (part: Part | undefined): Options => (part && isUse(part) ? part.options : NOTHING);
