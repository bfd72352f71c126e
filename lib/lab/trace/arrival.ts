import type { SightingPoint } from "../../netfilter/trace";

/** Where a packet was seen. */
export interface SeenAt {
  readonly place: string;
  readonly point: SightingPoint;
  readonly link?: string;
}

/** What the kernel itself sends where no program listens. */
export type Refusal = "RST" | "ICMP port unreachable";

/**
 * How far a packet was seen to get. The first four are what was predicted; `passed` and `lost` are not; `unconfirmed`
 * is neither.
 */
export type Arrival =
  /** It reached the end of INPUT, and its socket or its answer proves that it was taken. */
  | { readonly kind: "delivered"; readonly at: SeenAt; readonly by: "answer" | "socket" | "kernel" }
  /** It reached the end of INPUT, and nobody listens. `answered`: the refusal was seen to leave. */
  | {
      readonly kind: "refused";
      readonly at: SeenAt;
      readonly with: Refusal;
      readonly answered: boolean;
    }
  /** It left what is in view, by the predicted link. */
  | { readonly kind: "left"; readonly at: SeenAt }
  /**
   * It was stopped where predicted. `by`: the kernel reported the rule, or the sender was told, or it was seen to come
   * to that point and nowhere after it.
   */
  | { readonly kind: "stopped"; readonly at?: SeenAt; readonly by: "rule" | "sender" | "absence" }
  /** It went on from where it was predicted to be stopped. */
  | { readonly kind: "passed"; readonly at: SeenAt }
  /** It was not seen where it was predicted to arrive. */
  | { readonly kind: "lost"; readonly last?: SeenAt; readonly why?: string }
  /** Nobody could be asked that would have seen it. */
  | { readonly kind: "unconfirmed"; readonly last?: SeenAt; readonly why: string };

/** True, false, or undefined where it could be neither confirmed nor refuted: whether the packet ended where predicted. */
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

/** Whether what is still to come cannot change it: only what was not seen may be seen later. */
export function isSettled(arrival: Arrival): boolean {
  return arrived(arrival) === true && !(arrival.kind === "stopped" && arrival.by === "absence");
}
