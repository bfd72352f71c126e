import type { Action, Match, Prefix, Rule } from "../model";
import { rangeText } from "./effect";

const negated = (inverted: boolean, yes: string, no: string): string => (inverted ? no : yes);
const list = (parts: readonly (string | number)[], last = "or"): string =>
  parts.length < 2
    ? `${parts[0] ?? ""}`
    : `${parts.slice(0, -1).join(", ")} ${last} ${parts[parts.length - 1]}`;
const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
const span = ({ from, to }: { from: number; to: number }): string =>
  from === to ? `${from}` : `${from}-${to}`;

export function prefixText({ address, mask }: Prefix): string {
  const whole =
    ["32", "128", "255.255.255.255"].includes(String(mask)) &&
    (String(mask) !== "32" || !address.includes(":"));
  return whole ? address : `${address}/${mask}`;
}

/** One condition in plain words, to follow "a packet". */
export function matchWords(match: Match): string {
  switch (match.kind) {
    case "source":
      return negated(match.inverted, "from ", "not from ") + prefixText(match.prefix);
    case "destination":
      return negated(match.inverted, "to ", "not to ") + prefixText(match.prefix);
    case "inInterface":
      return negated(match.inverted, "that came in by ", "that did not come in by ") + match.name;
    case "outInterface":
      return negated(match.inverted, "that leaves by ", "that does not leave by ") + match.name;
    case "protocol":
      return negated(match.inverted, "of protocol ", "of another protocol than ") + match.protocol;
    case "fragment":
      return negated(match.inverted, "that is a later fragment", "that is no later fragment");
    case "port": {
      const side = match.side === "either" ? "source or destination" : match.side;
      return `with ${negated(match.inverted, "", "no ")}${side} port ${list(match.ports.map(span))}`;
    }
    case "tcpFlags":
      return `${negated(match.inverted, "with", "without")} TCP flags ${list(match.set, "and") || "none"} of ${list(match.mask, "and")}`;
    case "icmp":
      return `${negated(match.inverted, "of", "not of")} ICMP type ${match.type === 255 ? "any" : match.type}`;
    case "ctState":
      return `whose connection is ${negated(match.inverted, "", "not ")}${list(match.states)}`;
    case "ctProtocol":
      return `whose connection's protocol is ${negated(match.inverted, "", "not ")}${match.protocol}`;
    case "ctAddress":
      return `whose connection's ${match.tuple} ${match.side} is ${negated(match.inverted, "", "not ")}${prefixText(match.prefix)}`;
    case "ctPort":
      return `whose connection's ${match.tuple} ${match.side} port is ${negated(match.inverted, "", "not ")}${span(match.ports)}`;
    case "ctDirection":
      return `${negated(match.inverted, "in", "not in")} the ${match.direction.toLowerCase()} direction`;
    case "ctStatus":
      return `whose connection has ${negated(match.inverted, "", "not ")}status ${list(match.status) || "NONE"}`;
    case "ctExpire":
      return `whose connection expires in ${span(match.seconds)} s`;
    case "mark":
      return `with mark ${negated(match.inverted, "", "other than ")}${hex(match.mark.value)}/${hex(match.mark.mask)}`;
    case "connmark":
      return `with connection mark ${negated(match.inverted, "", "other than ")}${hex(match.mark.value)}/${hex(match.mark.mask)}`;
    case "addressType": {
      const where = match.limitTo === undefined ? "" : ` on the ${match.limitTo} interface`;
      return `whose ${match.side} is ${negated(match.inverted, "", "not ")}${list(match.types)}${where}`;
    }
    case "addressRange":
      return `whose ${match.side} is ${negated(match.inverted, "", "not ")}in ${match.from}-${match.to}`;
    case "mac":
      return `${negated(match.inverted, "from", "not from")} MAC address ${match.address}`;
    case "owner": {
      const who =
        match.socketExists === true
          ? "a local socket"
          : match.uid !== undefined
            ? `user ${span(match.uid)}`
            : `group ${match.gid === undefined ? "?" : span(match.gid)}`;
      return `${negated(match.inverted, "sent by", "not sent by")} ${who}`;
    }
    case "pktType":
      return `${negated(match.inverted, "of", "not of")} link type ${match.type}`;
    case "ttl":
      return `${negated(match.inverted, "with", "without")} TTL ${span(match.ttl)}`;
    case "length":
      return `${negated(match.inverted, "of", "not of")} length ${span(match.bytes)}`;
    case "tos":
      return `with TOS ${negated(match.inverted, "", "other than ")}${hex(match.tos.value)}/${hex(match.tos.mask)}`;
    case "statisticRandom": {
      const percent = (match.threshold / 0x80000000) * 100;
      return `by chance, in ${Number(percent.toFixed(2))}% of the cases${match.inverted ? " not" : ""}`;
    }
    case "statisticNth":
      return `that is number ${match.packet + 1} of every ${match.every}${match.inverted ? ", not" : ""}`;
    case "limit":
      return `within ${match.packets} per ${match.seconds} s, burst ${match.burst}`;
    case "hashlimit":
      return `${match.above ? "above" : "within"} ${match.packets} per ${match.seconds} s for each ${list(match.key, "and") || "packet"}`;
    case "connlimit":
      return `${negated(match.inverted, "with more than", "with at most")} ${match.above} connections`;
    case "recent":
      return `${negated(match.inverted, "", "not ")}${match.action === "set" ? "put on" : match.action === "remove" ? "taken from" : "found on"} the recent list ${match.name}`;
    case "set":
      return `${negated(match.inverted, "in", "not in")} the set ${match.set}`;
    case "rpfilter":
      return `${negated(match.inverted, "whose", "whose no")} route back uses the same interface`;
    case "physdev":
      return `${negated(match.inverted, "", "not ")}by the bridge port ${match.in ?? match.out ?? ""}`.trimEnd();
    case "comment":
      return "";
    case "opaque":
      return `that matches ${match.text}`;
  }
}

/** What the rule then does, in plain words. */
export function actionWords(action: Action): string {
  switch (action.kind) {
    case "none":
      return "only count it";
    case "accept":
      return "let it pass this table";
    case "drop":
      return "drop it";
    case "reject":
      return `refuse it with ${action.with}`;
    case "queue":
      return "hand it to a program";
    case "return":
      return "go back to the calling chain";
    case "jump":
      return `ask chain ${action.chain}`;
    case "goto":
      return `go on in chain ${action.chain}, without coming back`;
    case "dnat":
      return `send it to ${rangeText(action.to)} instead`;
    case "snat":
      return `let it come from ${rangeText(action.to)}`;
    case "masquerade":
      return "let it come from the address of the interface it leaves by";
    case "redirect":
      return `send it to this host itself${action.to.ports === undefined ? "" : `, port ${rangeText(action.to).slice(1)}`}`;
    case "netmap":
      return `map its network to ${action.prefix}`;
    case "tproxy":
      return `hand it to the local proxy on port ${action.port}`;
    case "mark":
      return action.mark.value === action.mark.mask
        ? `set mark ${hex(action.mark.value)}`
        : `change its mark by ${hex(action.mark.value)}/${hex(action.mark.mask)}`;
    case "connmarkSet":
      return `mark its connection ${hex(action.mark.value)}`;
    case "connmarkSave":
      return "save its mark in the connection";
    case "connmarkRestore":
      return "take its mark from the connection";
    case "notrack":
      return "do not track it";
    case "ct":
      return action.zone === undefined ? "set how it is tracked" : `track it in zone ${action.zone}`;
    case "tos":
      return `set TOS ${hex(action.tos.value)}`;
    case "ttl":
      return `${action.change} TTL ${action.by}`;
    case "note":
      return `${action.target}, and go on`;
    case "set":
      return `${action.change === "add" ? "add it to" : "remove it from"} the set ${action.set}`;
    case "opaque":
      return `do what ${action.target} does, which is not known`;
  }
}

/** A rule as one sentence. */
export function ruleWords(rule: Rule): string {
  const conditions = rule.matches.map(matchWords).filter((words) => words !== "");
  return `A packet ${conditions.length === 0 ? "of any kind" : conditions.join(", ")}: ${actionWords(rule.action)}.`;
}
