import type { Match, Rule } from "../model";
import { describeAction } from "./action";
import { describeMatch } from "./match";

/**
 * Describes a rule in English: its conditions, then what it does. Comments are left out.
 *
 * @example
 * import { describeRule, parseRuleset } from "wirebook";
 *
 * const rules = parseRuleset("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i eth0 -p tcp --dport 23 -j DROP\nCOMMIT\n");
 * const rule = rules.tables.get("filter")?.chains.get("INPUT")?.rules[0];
 * if (rule !== undefined) console.log(describeRule(rule)); // came in by eth0, TCP to port 23: drop it
 */
export function describeRule(rule: Rule): string {
  const conditions = describeConditions(rule.matches);
  return `${conditions === "" ? "any packet" : conditions}: ${describeAction(rule.action)}`;
}

/** Joins a protocol with its ports: `TCP to port 8080`. Comments are left out. */
function describeConditions(matches: readonly Match[]): string {
  const parts: string[] = [];
  let protocol: number | undefined;
  for (const match of matches) {
    if (match.kind === "comment") continue;
    const described = describeMatch(match);
    if (match.kind === "protocol" && !match.inverted) protocol = parts.length;
    const refinesProtocol = match.kind === "port" || match.kind === "tcpFlags" || match.kind === "icmp";
    if (!refinesProtocol || protocol === undefined) parts.push(described);
    // "ICMP echo request" already names the protocol.
    else parts[protocol] = match.kind === "icmp" ? described : `${parts[protocol]} ${described}`;
  }
  return parts.join(", ");
}
