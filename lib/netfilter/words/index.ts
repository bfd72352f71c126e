import type { Action, Match, Rule } from "../model";
import { actionWords } from "./action";
import { matchWords } from "./match";

/** A match, a rule or an action in words that a learner reads without knowing iptables' options. */
export function words(thing: Match | Rule | Action): string {
  if ("matches" in thing) return ruleWords(thing);
  return isAction(thing) ? actionWords(thing) : matchWords(thing);
}

const ACTIONS: ReadonlySet<string> = new Set([
  "none",
  "accept",
  "drop",
  "reject",
  "queue",
  "return",
  "jump",
  "goto",
  "dnat",
  "snat",
  "masquerade",
  "redirect",
  "netmap",
  "tproxy",
  "connmarkSet",
  "connmarkSave",
  "connmarkRestore",
  "notrack",
  "ct",
  "note",
]);

/** `mark`, `tos`, `ttl`, `set` and `opaque` are kinds of both: their parts tell which. */
function isAction(thing: Match | Action): thing is Action {
  switch (thing.kind) {
    case "ttl":
      return "change" in thing;
    case "set":
      return "change" in thing;
    case "opaque":
      return "target" in thing;
    case "mark":
    case "tos":
      return !("inverted" in thing);
    default:
      return ACTIONS.has(thing.kind);
  }
}

function ruleWords(rule: Rule): string {
  const said = conditions(rule.matches);
  return `${said === "" ? "any packet" : said}: ${actionWords(rule.action)}`;
}

/** Joins a protocol with its ports: `TCP to port 8080`. */
function conditions(matches: readonly Match[]): string {
  const parts: string[] = [];
  let protocol: number | undefined;
  for (const match of matches) {
    if (match.kind === "comment") continue;
    const said = matchWords(match);
    if (match.kind === "protocol" && !match.inverted) protocol = parts.length;
    const joins = match.kind === "port" || match.kind === "tcpFlags" || match.kind === "icmp";
    if (joins && protocol !== undefined) parts[protocol] = joined(parts[protocol] ?? "", said, match);
    else parts.push(said);
  }
  return parts.join(", ");
}

const joined = (before: string, said: string, match: Match): string =>
  match.kind === "icmp" ? said : `${before} ${said}`;
