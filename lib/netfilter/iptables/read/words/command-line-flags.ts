import type { SyntaxFamily } from "../../context";

/** Flags that change nothing about a rule. */
export const IGNORED_FLAGS: ReadonlySet<string> = new Set(["v", "verbose"]);

/** Flags that say for which family a rule is. The command of the other family skips the rule. */
export const FAMILY_FLAGS: ReadonlyMap<string, SyntaxFamily> = new Map([
  ["4", "ipv4"],
  ["ipv4", "ipv4"],
  ["6", "ipv6"],
  ["ipv6", "ipv6"],
]);

/** Flags of commands that print rules. iptables refuses them in a rule. */
export const LISTING_FLAGS: ReadonlySet<string> = new Set([
  "n",
  "x",
  "w",
  "numeric",
  "exact",
  "wait",
  "line-numbers",
]);
