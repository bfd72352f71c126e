import { sameWords, textOf, type Words } from "../routing/address";
import { jhash2, reciprocalScale, swapped } from "./jhash";

/**
 * Chooses an address of a NAT range by a hash of source and destination, so that the same pair always gets the same
 * address (nf_nat_core.c, find_best_ips_proto). Ports are not part of the hash; with `persistent`, the destination is
 * not either.
 *
 * The source is hashed as the four words of union nf_inet_addr, whose last three are zero for IPv4.
 */
export function chooseAddress(
  range: { readonly from: Words; readonly to: Words },
  src: Words,
  dst: Words,
  options: { readonly persistent: boolean; readonly zone: number; readonly replaces: "src" | "dst" },
): string {
  const { from, to } = range;
  if (sameWords(from, to)) return textOf(from);
  const hashed = [0, 1, 2, 3].map((at) => swapped(src[at] ?? 0));
  const last = swapped(dst[from.length - 1] ?? 0);
  let hash = jhash2(hashed, options.persistent ? 0 : (last ^ options.zone) >>> 0);
  const chosen: number[] = [];
  // find_best_ips_proto modifies the tuple during the loop. With DNAT it therefore mixes in the new words.
  const mixed = [...dst];
  let fullRange = false;
  for (let at = 0; at < from.length; at++) {
    const low = fullRange ? 0 : (from[at] ?? 0);
    const distance = fullRange ? 0xffffffff : ((to[at] ?? 0) - (from[at] ?? 0) + 1) >>> 0;
    const word = (low + reciprocalScale(hash, distance)) >>> 0;
    chosen.push(word);
    if (options.replaces === "dst") mixed[at] = word;
    if (word !== to[at]) fullRange = true;
    if (!options.persistent) hash = (hash ^ swapped(mixed[at] ?? 0)) >>> 0;
  }
  return textOf(chosen);
}
