import type { Packet } from "../../netfilter/model";

/** Whether a packet was seen at its predicted end, and the evidence. */
export interface ArrivalWitness {
  /** Undefined if it could be neither confirmed nor refuted. */
  readonly confirmed: boolean | undefined;
  /** Delivered, but no socket listens; `reply` is the kernel's observed reply. */
  readonly refused?: { readonly reply?: string };
  /** One sentence. */
  readonly text: string;
  /** Where it was seen last: the namespace, and a description: `leaving node1 by veth3`. */
  readonly last?: { readonly place: string; readonly text: string };
}

/** What the kernel reported about the same packet: TRACE events, or rule counters before and after. */
export interface KernelReport {
  readonly by: "trace" | "counters";
  /** Number of events (or rules), out of `total`, that agree with the prediction. */
  readonly agreed: number;
  readonly total: number;
  /** Number of additional rules whose counters could not be distinguished from other traffic. */
  readonly unsure?: number;
  /** Those include the rules that the packet should have matched: the result is inconclusive. */
  readonly undecided?: true;
  readonly arrival?: ArrivalWitness;
  /** The first difference, in words. */
  readonly difference?: {
    readonly place?: string;
    readonly predicted: string;
    readonly observed: string;
    readonly explanation?: string;
  };
}

export interface TraversalOptions {
  /** Default: the packet's addresses (with names from `names`) and its port. */
  readonly title?: string;
  /** Default: the namespaces that the packet crosses. */
  readonly subtitle?: string;
  readonly observed?: KernelReport;
  /** The counters of the engine's host, which is only read and never traced. */
  readonly counted?: KernelReport;
  /** Index of the outcome to draw; the others are summarised below. Default: 0. */
  readonly outcome?: number;
  /** The path of the reply in one sentence, and its header as received by the client. */
  readonly reply?: { readonly text: string; readonly packet?: Packet };
  /** Names of addresses, for the title and the other outcomes: `10.244.2.3` → `web-1`. */
  readonly names?: Readonly<Record<string, string>>;
}
