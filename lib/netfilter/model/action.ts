import type { Masked } from "./match";

/** Where NAT may send: an address or range, and a port or range. Absent parts stay as they are. */
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
 * What a rule does when it matched. `none`, `mark`, `log`… go on with the next rule; `accept`, `drop`, `reject`, `queue`
 * and the translations end the table's chain; `jump`, `goto` and `return` move between chains.
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
  /** `mark = (mark & ~mask) ^ value`: what `--set-xmark value/mask` does, and what all other forms come down to. */
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
  /** Ends nothing and changes nothing that the path depends on: LOG, NFLOG, TRACE, TCPMSS, CHECKSUM, AUDIT … */
  | { readonly kind: "note"; readonly target: string; readonly text: string }
  | {
      readonly kind: "set";
      readonly change: "add" | "del";
      readonly set: string;
      readonly directions: readonly ("src" | "dst")[];
    }
  /** A target whose effect the model does not know: it is named, and every way on is followed. */
  | { readonly kind: "opaque"; readonly target: string; readonly text: string };
