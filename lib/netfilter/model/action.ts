import type { Masked } from "./match";

/** The target of a NAT rule: an address or a range, and a port or a range. NAT leaves absent parts unchanged. */
export interface NatRange {
  readonly addresses?: { readonly from: string; readonly to: string };
  readonly ports?: { readonly from: number; readonly to: number };
  /** Base port of a shifted port map (`--to-destination :5000-5010/6000`). */
  readonly basePort?: number;
  readonly random: boolean;
  readonly fullyRandom: boolean;
  readonly persistent: boolean;
}

/**
 * What a rule does when it matches. After `none`, `mark`, `note` and the like, the next rule of the chain is evaluated.
 * `accept`, `drop`, `reject`, `queue` and the NAT targets end the evaluation of the table. `jump`, `goto` and `return`
 * move between chains (iptables(8), TARGETS; iptables-extensions(8)).
 */
export type Action =
  | { readonly kind: "none" }
  | { readonly kind: "accept" }
  | { readonly kind: "drop" }
  /** `with` as iptables names it; default `icmp-port-unreachable` / `icmp6-port-unreachable`. */
  | { readonly kind: "reject"; readonly with: string }
  | { readonly kind: "queue" }
  | { readonly kind: "return" }
  | { readonly kind: "jump"; readonly chain: string }
  | { readonly kind: "goto"; readonly chain: string }
  | { readonly kind: "dnat"; readonly to: NatRange }
  | { readonly kind: "snat"; readonly to: NatRange }
  | { readonly kind: "masquerade"; readonly to: NatRange }
  | { readonly kind: "redirect"; readonly to: NatRange }
  | { readonly kind: "netmap"; readonly prefix: string }
  | { readonly kind: "tproxy"; readonly address?: string; readonly port: number; readonly mark: Masked }
  /** `mark = (mark & ~mask) ^ value`, as `--set-xmark value/mask`. All other options are converted to this form. */
  | { readonly kind: "mark"; readonly mark: Masked }
  | { readonly kind: "connmarkSet"; readonly mark: Masked }
  | { readonly kind: "connmarkSave" | "connmarkRestore"; readonly nfMask: number; readonly ctMask: number }
  | { readonly kind: "notrack" }
  | {
      readonly kind: "ct";
      readonly zone?: number;
      readonly zoneFrom: "both" | "original" | "reply";
      readonly helper?: string;
    }
  | { readonly kind: "tos"; readonly tos: Masked }
  | { readonly kind: "ttl"; readonly change: "set" | "dec" | "inc"; readonly by: number }
  /** A target that neither ends the evaluation nor affects the path: LOG, NFLOG, TRACE, TCPMSS, CHECKSUM, AUDIT … */
  | { readonly kind: "note"; readonly target: string; readonly text: string }
  | {
      readonly kind: "set";
      readonly change: "add" | "del";
      readonly set: string;
      readonly directions: readonly ("src" | "dst")[];
    }
  /** A target whose effect the model does not know. Traversal follows every possible outcome. */
  | { readonly kind: "opaque"; readonly target: string; readonly text: string };
