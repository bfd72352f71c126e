// Text in or instead of a dump that says that there are rules which the dump does not have.

const INCOMPATIBLE = /[Tt]able `(\w+)' is incompatible, use 'nft' tool\./;

/**
 * The table that iptables-nft could not print because it has native nftables rules, if the line is such a message
 * (xtables-save.c: "# Table `nat' is incompatible, use 'nft' tool.").
 */
export function unprintedTable(line: string): string | undefined {
  return line.includes("is incompatible") ? INCOMPATIBLE.exec(line)?.[1] : undefined;
}

/** Whether the text has the warning of iptables-nft that iptables-legacy has tables, too (nft.c, nft_check_xt_legacy). */
export function tellsOfLegacy(text: string): boolean {
  return (
    text.includes("# Warning: iptables-legacy tables present") ||
    text.includes("# Warning: ip6tables-legacy tables present")
  );
}

/** Whether the text is a rule set in the language of nft: what `nft list ruleset` prints, as text or with -j as JSON. */
export function isNativeNft(text: string): boolean {
  const start = /^(?:\s*(?:#[^\n]*)?\n)*[^\n]*/.exec(text.slice(0, 65_536))?.[0] ?? "";
  const line = start.slice(start.lastIndexOf("\n") + 1);
  return (
    /^\s*(?:(?:add|create)\s+)?table\s+(?:(?:ip|ip6|inet|arp|bridge|netdev)\s+)?[\w./-]+\s*(?:\{|;|$)/.test(
      line,
    ) ||
    /^\s*(?:flush\s+ruleset|#!.*\bnft\b)/.test(line) ||
    /^\s*\{\s*"nftables"\s*:/.test(line)
  );
}
