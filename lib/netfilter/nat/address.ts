import { sameWords, textOf, type Words } from "../routing/address";
import { jhash2, reciprocalScale, swapped } from "./jhash";

/**
 * The address that a range gives (nf_nat_core.c, find_best_ips_proto): a hash of source and destination, so the same
 * pair always gets the same address. Ports play no part, and `persistent` leaves the destination out.
 *
 * Notes: src is hashed as the four words of union nf_inet_addr, whose last three are zero for IPv4.
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
  // find_best_ips_proto writes into the tuple as it goes: with DNAT the words it mixes in are the new ones.
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
