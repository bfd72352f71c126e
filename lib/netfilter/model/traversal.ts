import type { Hook, TableName } from "./hook";
import type { Match } from "./match";
import type { Packet } from "./packet";
import type { Probability } from "./probability";
import type { Rule } from "./ruleset";

/** A rule that was evaluated and did not match, with the first condition that failed. */
export interface UnmatchedRule {
  readonly rule: Rule;
  readonly failed: Match;
  /** Why the condition failed: `source 172.30.0.1 is not in 172.17.0.0/16`. */
  readonly reason: string;
}

interface At {
  /** Name of the network namespace: `host1`, `client`, `router`. */
  readonly place: string;
  /** The header before and after this step. Both are the same object if the step changed nothing. */
  readonly before: Packet;
  readonly after: Packet;
}

interface InChain extends At {
  readonly hook: Hook;
  readonly table: TableName;
  readonly chain: string;
  /** The devices that `-i` and `-o` compare with. Empty if the hook has none, undefined if unknown. */
  readonly in?: string;
  readonly out?: string;
  /** The implementation that the table belongs to, if the dump says so. Both may be loaded at the same time. */
  readonly variant?: "legacy" | "nft";
  /** Rules of this chain that were evaluated since the previous step and did not match, in order. */
  readonly unmatched: readonly UnmatchedRule[];
}

/**
 * One event on the path of a packet: a conntrack lookup, a rule that matched, a policy, an address rewrite, a routing
 * decision, a link between two namespaces, or the end of the path.
 *
 * @example
 * import { parseRuleset, type Step, traverse } from "wirebook";
 *
 * const rules = parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const host = { place: "host1", rulesets: [rules] };
 * const steps: readonly Step[] = traverse(host, packet, { from: { in: "eth0" } }).outcomes[0]?.steps ?? [];
 * console.log(steps.map(({ kind }) => kind));
 */
export type Step =
  /** The conntrack lookup in PREROUTING or OUTPUT. `state` is what `-m conntrack --ctstate` compares with from then on. */
  | (At & {
      readonly kind: "conntrack";
      readonly hook: Hook;
      readonly state: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED";
      readonly text: string;
    })
  /** A rule matched. `effect`: `accept`, `drop`, `reject with tcp-reset`, `jump SVC`, `dnat to 10.0.0.1:80`, `mark 0x4000` … */
  | (InChain & {
      readonly kind: "rule";
      readonly rule: Rule;
      readonly effect: string;
      readonly words: string;
      /** Set if the rule matched on this branch because of a random or an unknown condition. */
      readonly because?: string;
      /**
       * Set if the match itself dropped the packet (par->hotdrop; connlimit does so if it cannot count the connection).
       * The rule's counter does not change and its target does not run.
       */
      readonly hotdrop?: true;
    })
  /** The return from a user-defined chain to its caller. `rule` is the RETURN rule, absent at the end of the chain. */
  | (InChain & { readonly kind: "return"; readonly to: string; readonly rule?: Rule })
  | (InChain & { readonly kind: "policy"; readonly policy: "ACCEPT" | "DROP" })
  /** Addresses were rewritten from the conntrack entry, without evaluating rules. */
  | (At & { readonly kind: "nat"; readonly hook: Hook; readonly text: string })
  | (At & {
      readonly kind: "routing";
      readonly text: string;
      readonly route?: string;
      readonly decision: "local" | "forward" | "out" | "drop";
      readonly out?: string;
      readonly via?: string;
    })
  /** The packet crosses a link: a veth pair, a bridge port or a physical wire. */
  | (At & {
      readonly kind: "link";
      readonly from: { readonly place: string; readonly link: string; readonly ifindex?: number };
      readonly to: { readonly place: string; readonly link: string; readonly ifindex?: number };
      readonly text: string;
    })
  /** The path ends outside the rules: delivered to a socket, no route, TTL exceeded, martian source … */
  | (At & { readonly kind: "end"; readonly verdict: Verdict; readonly text: string });

/**
 * How a path ends. `accept`: the packet was delivered to a socket, or left by an interface and nothing further is known.
 * `drop`: a rule, a policy, routing or the stack discarded it. `reject`: a REJECT rule discarded it and sent an error.
 * `queue`: a rule passed it to a program. `unreachable`: routing discarded it with an error. `unknown`: the model cannot
 * tell.
 *
 * @example
 * import { parseRuleset, traverse, type Verdict } from "wirebook";
 *
 * const rules = parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const host = { place: "host1", rulesets: [rules] };
 * const verdicts: Verdict[] = traverse(host, packet, { from: { in: "eth0" } }).outcomes.map(({ verdict }) => verdict);
 */
export type Verdict = "accept" | "drop" | "reject" | "queue" | "unreachable" | "unknown";

/**
 * One possible path of a packet. A traversal has several of them if a random or an unknown condition decides between
 * them.
 *
 * @example
 * import { type Outcome, parseRuleset, traverse } from "wirebook";
 *
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const host = { place: "host1", rulesets: [parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n")] };
 * const [outcome]: readonly Outcome[] = traverse(host, packet, { from: { in: "eth0" } }).outcomes;
 * console.log(outcome?.verdict, outcome?.certain, outcome?.dependsOn);
 */
export interface Outcome {
  readonly probability: Probability;
  /**
   * False if the path depends on facts that the snapshot does not contain; `dependsOn` lists them. A certain outcome may
   * still rely on the usual values listed in `assumed`.
   */
  readonly certain: boolean;
  readonly dependsOn: readonly string[];
  /** Usual values used for facts that were not given: `net.ipv4.fwmark_reflect=0 (not given; the kernel's default)`. */
  readonly assumed?: readonly string[];
  /**
   * Values that the kernel chooses at random: `the source port is drawn at random from 1024-65535`. The packet has no
   * such port then. A rule that compares it splits the path into two outcomes.
   */
  readonly drawn?: readonly string[];
  readonly verdict: Verdict;
  /** The packet as it left, or as it was when it was dropped. */
  readonly packet: Packet;
  readonly steps: readonly Step[];
  /** Packets that a host sent because of this one (the error of a REJECT rule, an ICMP error), in the order of sending. */
  readonly caused?: readonly Caused[];
}

/** A packet that the kernel sent in response. It passes OUTPUT and POSTROUTING like any other packet. */
export interface Caused {
  /** The header as it was generated. */
  readonly packet: Packet;
  readonly verdict: Verdict;
  readonly steps: readonly Step[];
}

/**
 * All possible paths of one packet through one network namespace, or (`Journey`) through several. The probabilities of
 * the outcomes that share the same unknown facts add up to one.
 *
 * @typeParam Reached - the type of an outcome.
 * @example
 * import { parseRuleset, type Traversal, traverse } from "wirebook";
 *
 * const rules = parseRuleset("*filter\n:INPUT DROP [0:0]\nCOMMIT\n");
 * const packet = {
 *   family: "ipv4", src: "192.0.2.1", dst: "127.0.0.1", protocol: "udp", sport: 5000, dport: 53,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * } as const;
 * const host = { place: "host1", rulesets: [rules] };
 * const result: Traversal = traverse(host, packet, { from: { in: "eth0" } });
 * console.log(result.outcomes.length);
 */
export interface Traversal<Reached extends Outcome = Outcome> {
  readonly packet: Packet;
  readonly outcomes: readonly Reached[];
  /** True if more paths exist than were followed. The last outcome then represents all remaining ones. */
  readonly truncated?: boolean;
}
