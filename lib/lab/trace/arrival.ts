import type { SightingPoint } from "../../netfilter/trace";

/**
 * The place, hook and link at which a packet was seen.
 *
 * @example
 * import type { SeenAt } from "wirebook";
 * const text = ({ place, point, link }: SeenAt): string => `${place}, ${point}${link ? ` (${link})` : ""}`;
 * console.log(text({ place: "web", point: "input", link: "eth0" }));
 */
export interface SeenAt {
  /** Name of the place. */
  readonly place: string;
  /** The Netfilter hook: `ingress` and `egress` of the netdev family, the others of IPv4 and IPv6. */
  readonly point: SightingPoint;
  /** Name of the link on which it arrived or leaves. Absent if the kernel reported none. */
  readonly link?: string;
}

/**
 * The reply of the kernel when no socket listens on the destination port: RST for TCP (RFC 9293, 3.5.2), ICMP port
 * unreachable for UDP (RFC 1122, 4.1.3.1).
 *
 * @example
 * import type { Refusal } from "wirebook";
 * const refusal: Readonly<Record<"tcp" | "udp", Refusal>> = { tcp: "RST", udp: "ICMP port unreachable" };
 */
export type Refusal = "RST" | "ICMP port unreachable";

/**
 * How far a packet was seen to get. `delivered`, `refused`, `left` and `stopped` confirm the prediction, `passed` and
 * `lost` contradict it, and `unconfirmed` does neither.
 *
 * @example
 * import { type Arrival, Lab } from "wirebook";
 * const lab = await Lab.open("arrival-example");
 * const client = await lab.pod("client");
 * const path = await lab.trace({ from: client, to: lab.outside, tcp: 81 }); // no process listens on port 81
 * const arrival: Arrival | undefined = path.arrival;
 * console.log(arrival?.kind === "refused" && arrival.with); // RST
 * await lab.close();
 */
export type Arrival =
  /**
   * The packet reached the end of INPUT and was received. `by` is the evidence: its reply was seen (`answer`), a socket exists
   * or the sender received the echo reply (`socket`), or the kernel handles it itself (`kernel`), such as an ICMP
   * error.
   */
  | { readonly kind: "delivered"; readonly at: SeenAt; readonly by: "answer" | "socket" | "kernel" }
  /** The packet reached the end of INPUT, but no socket listens on its port. `answered`: the refusal was seen at OUTPUT. */
  | {
      readonly kind: "refused";
      readonly at: SeenAt;
      readonly with: Refusal;
      readonly answered: boolean;
    }
  /** The packet left the lab's namespaces through the predicted link. */
  | { readonly kind: "left"; readonly at: SeenAt }
  /**
   * The packet was stopped where predicted. `by`: the kernel reported the rule (`rule`), the sender's system call failed
   * (`sender`), or the packet was seen up to that point but not after it (`absence`).
   */
  | { readonly kind: "stopped"; readonly at?: SeenAt; readonly by: "rule" | "sender" | "absence" }
  /** The packet was seen after the point where it was predicted to be stopped, or left through another link than predicted. */
  | { readonly kind: "passed"; readonly at: SeenAt }
  /** The packet was not seen where it was predicted to arrive. */
  | { readonly kind: "lost"; readonly last?: SeenAt; readonly why?: string }
  /** The packet could not be observed; `why` gives the reason. */
  | { readonly kind: "unconfirmed"; readonly last?: SeenAt; readonly why: string };

/** Whether the packet ended where predicted. Undefined if this was neither confirmed nor refuted. */
export function arrived(arrival: Arrival): boolean | undefined {
  switch (arrival.kind) {
    case "delivered":
    case "refused":
    case "left":
    case "stopped":
      return true;
    case "passed":
    case "lost":
      return false;
    case "unconfirmed":
      return undefined;
  }
}

/** Whether further events cannot change this result. A result based on a missing event can still change. */
export function isSettled(arrival: Arrival): boolean {
  return arrived(arrival) === true && !(arrival.kind === "stopped" && arrival.by === "absence");
}
