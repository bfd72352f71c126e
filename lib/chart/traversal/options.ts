import type { Packet } from "../../netfilter/model";

/** Whether a packet was seen to end where predicted, and who says so. */
export interface ArrivalWitness {
  /** Undefined where it could be neither confirmed nor refuted. */
  readonly confirmed: boolean | undefined;
  /** Delivered, but nobody listens; `reply` is what the kernel was seen to reply with. */
  readonly refused?: { readonly reply?: string };
  /** One sentence. */
  readonly text: string;
  /** Where it was seen last: the namespace, and in words: `leaving node1 by veth3`. */
  readonly last?: { readonly place: string; readonly text: string };
}

/** What the kernel itself said about the same packet: its TRACE event by event, or rules' counters before and after. */
export interface KernelReport {
  readonly by: "trace" | "counters";
  /** Of `total` events (or rules), how many are as predicted. */
  readonly agreed: number;
  readonly total: number;
  /** How many more could not be told apart from other traffic. */
  readonly unsure?: number;
  /** The rules that the packet should have matched are among those: nothing is confirmed, nothing refuted. */
  readonly undecided?: true;
  readonly arrival?: ArrivalWitness;
  /** The first thing that is otherwise, in words. */
  readonly difference?: {
    readonly place?: string;
    readonly predicted: string;
    readonly observed: string;
    readonly explanation?: string;
  };
}

export interface TraversalOptions {
  /** Default: the packet's addresses, by their names where `names` has them, and its port. */
  readonly title?: string;
  /** Default: the namespaces that the packet crosses. */
  readonly subtitle?: string;
  readonly observed?: KernelReport;
  /** What the counters of the engine's own machine say, which is read and never traced. */
  readonly counted?: KernelReport;
  /** Which of `path.outcomes` is drawn; the others are summed up beneath. Default: 0. */
  readonly outcome?: number;
  /** How the reply comes back, in one sentence, and its header as the sender of the request sees it. */
  readonly reply?: { readonly text: string; readonly packet?: Packet };
  /** Names of addresses, for the title and the other outcomes: `10.244.2.3` → `web-1`. */
  readonly names?: Readonly<Record<string, string>>;
}
