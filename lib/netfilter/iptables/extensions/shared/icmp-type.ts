import type { Match } from "../../../model/match";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readNumber } from "../../values/number";
import type { ValueType } from "../../values/value-type";
import type { Options } from "../extension";
import { first, inverted } from "../option-values";

/**
 * Entries `NAME[,ALIAS…] TYPE [CODE]`, separated by `|`. Types are from RFC 792 and RFC 4443, names from `iptables -p
 * icmp -h`.
 */
const V4 = `any 255|echo-reply,pong 0|destination-unreachable 3|network-unreachable 3 0|host-unreachable 3 1|
protocol-unreachable 3 2|port-unreachable 3 3|fragmentation-needed 3 4|source-route-failed 3 5|network-unknown 3 6|
host-unknown 3 7|network-prohibited 3 9|host-prohibited 3 10|TOS-network-unreachable 3 11|TOS-host-unreachable 3 12|
communication-prohibited 3 13|host-precedence-violation 3 14|precedence-cutoff 3 15|source-quench 4|redirect 5|
network-redirect 5 0|host-redirect 5 1|TOS-network-redirect 5 2|TOS-host-redirect 5 3|echo-request,ping 8|
router-advertisement 9|router-solicitation 10|time-exceeded,ttl-exceeded 11|ttl-zero-during-transit 11 0|
ttl-zero-during-reassembly 11 1|parameter-problem 12|ip-header-bad 12 0|required-option-missing 12 1|
timestamp-request 13|timestamp-reply 14|address-mask-request 17|address-mask-reply 18`;

const V6 = `destination-unreachable 1|no-route 1 0|communication-prohibited 1 1|beyond-scope 1 2|
address-unreachable 1 3|port-unreachable 1 4|failed-policy 1 5|reject-route 1 6|packet-too-big 2|
time-exceeded,ttl-exceeded 3|ttl-zero-during-transit 3 0|ttl-zero-during-reassembly 3 1|parameter-problem 4|
bad-header 4 0|unknown-header-type 4 1|unknown-option 4 2|echo-request,ping 128|echo-reply,pong 129|
mld-listener-query 130|mld-listener-report 131|mld-listener-done,mld-listener-reduction 132|router-solicitation 133|
router-advertisement 134|neighbour-solicitation,neighbor-solicitation 135|
neighbour-advertisement,neighbor-advertisement 136|redirect 137`;

/** A name of a type, or of a type with a code. */
interface Named {
  readonly name: string;
  readonly type: number;
  readonly code?: number;
}

function table(text: string): readonly Named[] {
  return text.split("|").flatMap((entry) => {
    const [names = "", type, code] = entry.trim().split(" ");
    return names.split(",").map((name) => ({
      name,
      type: Number(type),
      ...(code === undefined ? {} : { code: Number(code) }),
    }));
  });
}

export const V4_TYPES = table(V4);

export const V6_TYPES = table(V6);

/**
 * `TYPE`, `TYPE/CODE`, or a name that may be shortened as long as it stays unique.
 *
 * @param any - whether type 255 stands for every type.
 */
export function icmpType(names: readonly Named[], any: boolean): ValueType {
  const what = "an ICMP type, TYPE/CODE, or a name such as echo-request";
  return {
    expected: what,
    read: (word, { iptables }) => {
      const lower = word.toLowerCase();
      const exact = names.filter((each) => each.name.toLowerCase() === lower);
      const found =
        exact.length > 0 ? exact : names.filter((each) => each.name.toLowerCase().startsWith(lower));
      if (found.length > 1)
        throw new RuleSyntaxError(`"${word}" may mean ${found.map((each) => each.name).join(" or ")}`, what);
      const [named] = found;
      if (named) {
        if (any && named.type === 255) return "any";
        return named.code === undefined ? String(named.type) : `${named.type}/${named.code}`;
      }
      const slash = word.indexOf("/");
      const type = readNumber(slash < 0 ? word : word.slice(0, slash));
      if (type === undefined || type > 255n) throw new RuleSyntaxError(`"${word}" is not an ICMP type`, what);
      if (slash < 0) return any && type === 255n ? "any" : String(type);
      const code = word.slice(slash + 1);
      const [low = "", high] = code.split(":");
      const from = readNumber(low);
      const to = high === undefined ? from : readNumber(high);
      if (from === undefined || to === undefined || from > 255n || to > 255n)
        throw new RuleSyntaxError(`"${code}" is not an ICMP code`, "a code, 0 to 255");
      const every = from === 0n && to === 255n;
      if (any && type === 255n && (every || !iptables.anyIcmpKeepsCode)) return "any";
      if (every) return String(type);
      return from === to ? `${type}/${from}` : `${type}/${from}:${to}`;
    },
  };
}

/** Converts the value of `--icmp-type` or `--icmpv6-type` to conditions of the model. */
export function icmpMatches(name: string, family: "ipv4" | "ipv6"): (options: Options) => readonly Match[] {
  return (options) => {
    const value = first(options, name);
    // Type 255 matches every message, whatever the code is (icmp_type_code_match).
    const any = value === "any" || (family === "ipv4" && value.startsWith("255/"));
    if (any && !inverted(options, name)) return [];
    if (any) return [{ kind: "icmp", family, inverted: true, type: 255, codes: { from: 0, to: 255 } }];
    const [type, code] = value.split("/");
    const [from, to] = code === undefined ? ["0", "255"] : code.split(":");
    const codes = { from: Number(from), to: Number(to ?? from) };
    return [{ kind: "icmp", family, inverted: inverted(options, name), type: Number(type), codes }];
  };
}
