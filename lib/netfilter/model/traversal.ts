import type { Hook, TableName } from "./hook";
import type { Match } from "./match";
import type { Packet } from "./packet";
import type { Rule } from "./ruleset";

/** A rule that was asked and did not match: the first condition that failed, in the model's terms and in words. */
export interface UnmatchedRule {
  readonly rule: Rule;
  readonly failed: Match;
  /** `source 172.30.0.1 is not in 172.17.0.0/16` */
  readonly reason: string;
}

interface At {
  /** Name of the network namespace: `host1`, `client`, `router`. */
  readonly place: string;
  /** Header before and after this step; the same object where nothing changed. */
  readonly before: Packet;
  readonly after: Packet;
}

interface InChain extends At {
  readonly hook: Hook;
  readonly table: TableName;
  readonly chain: string;
  /** The devices that `-i` and `-o` are compared with; empty where the hook has none, absent where not known. */
  readonly in?: string;
  readonly out?: string;
  /** Which implementation's table it is, where the dump says so: both may be loaded at once. */
  readonly variant?: "legacy" | "nft";
  /** Rules of this chain that did not match since the last step in it, in order. */
  readonly unmatched: readonly UnmatchedRule[];
}

/** One thing that happened to the packet on its way. A path is a list of these, across all namespaces it crosses. */
export type Step =
  /** What conntrack found or made at PREROUTING and OUTPUT; `state` is what `-m conntrack --ctstate` will see. */
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
      /** Set where chance or an unknown decided that this rule matched. */
      readonly because?: string;
      /**
       * Its condition itself dropped the packet (connlimit where it counts no connection): the rule is not counted, and
       * its target is not run.
       */
      readonly hotdrop?: true;
    })
  /** The end of a user chain, or RETURN out of it, back to the caller. `rule` is the RETURN rule, where one decided. */
  | (InChain & { readonly kind: "return"; readonly to: string; readonly rule?: Rule })
  | (InChain & { readonly kind: "policy"; readonly policy: "ACCEPT" | "DROP" })
  /** Addresses rewritten from the conntrack entry, with no rule asked. */
  | (At & { readonly kind: "nat"; readonly hook: Hook; readonly text: string })
  | (At & {
      readonly kind: "routing";
      readonly text: string;
      readonly route?: string;
      readonly decision: "local" | "forward" | "out" | "drop";
      readonly out?: string;
      readonly via?: string;
    })
  /** From one end of a link to the other: a veth pair, a bridge port, the wire. */
  | (At & {
      readonly kind: "link";
      readonly from: { readonly place: string; readonly link: string; readonly ifindex?: number };
      readonly to: { readonly place: string; readonly link: string; readonly ifindex?: number };
      readonly text: string;
    })
  /** The path ends here for a reason outside the rules: delivered to a socket, no route, TTL, martian source … */
  | (At & { readonly kind: "end"; readonly verdict: Verdict; readonly text: string });

/**
 * How a path ended. `accept` means: it left by an interface (or was delivered) at the end of what was asked;
 * `drop` and `reject` come from rules and policies; the others from routing and the stack.
 */
export type Verdict = "accept" | "drop" | "reject" | "queue" | "unreachable" | "unknown";

/** An exact probability. A path that chance did not touch has 1/1. */
export interface Probability {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** One way on which chance or an unknown match can decide. */
export interface Outcome {
  readonly probability: Probability;
  /**
   * False when something the snapshot could not know was followed both ways, or taken as given; then `dependsOn` says
   * what. A certain outcome holds under what is `assumed`.
   */
  readonly certain: boolean;
  readonly dependsOn: readonly string[];
  /** What was not given and is taken as it most often is: `net.ipv4.fwmark_reflect=0 (not given; the kernel's default)`. */
  readonly assumed?: readonly string[];
  /**
   * What the kernel draws at random and nobody can foretell, though the way does not depend on it: `the source port is
   * drawn at random from 1024-65535`. The packet has no such port then. A rule that asks for it makes two ways of it.
   */
  readonly drawn?: readonly string[];
  readonly verdict: Verdict;
  /** The packet as it leaves, or as it was when it was dropped. */
  readonly packet: Packet;
  readonly steps: readonly Step[];
  /** Packets that a host itself sent because of this one (REJECT's answer, an ICMP error), in the order of sending. */
  readonly caused?: readonly Caused[];
}

/** A packet that the kernel made as an answer: it runs through OUTPUT and POSTROUTING like any other. */
export interface Caused {
  /** The header as it was made. */
  readonly packet: Packet;
  readonly verdict: Verdict;
  readonly steps: readonly Step[];
}

/**
 * Everything that can happen to one packet: in one network namespace, or with `Journey` in several. Probabilities of the
 * certain outcomes add up to one.
 *
 * @typeParam Reached - what is known about each outcome.
 */
export interface Traversal<Reached extends Outcome = Outcome> {
  readonly packet: Packet;
  readonly outcomes: readonly Reached[];
  /** True when more ways exist than were followed; the last outcome then stands for all the others. */
  readonly truncated?: boolean;
}
