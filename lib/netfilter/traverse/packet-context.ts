import type { Connection } from "../conntrack/connection";
import type { Caused, Hook, Host, Packet, Step, Verdict } from "../model";
import type { OutRoute } from "../routing/output";
import type { CompiledRuleset } from "./compile";
import type { EvaluationContext } from "./evaluation";
import { type Device, type HookState, hookStateOf, withPacket } from "./hook-state";

/** The device and next hop by which a packet left the host. */
export interface Departure {
  readonly dev: Device;
  /** The next hop, or the destination if it is on the link. The frame is sent to its link-layer address. */
  readonly nexthop: string;
}

/** The result of one packet in one run. */
export interface Disposition {
  readonly verdict: Verdict;
  readonly left?: Departure;
  readonly delivered?: boolean;
}

/** What all packets of one run share: the host, the evaluation state, and packets that the kernel sent in response. */
export interface TraversalState {
  readonly host: Host;
  /** The rule sets of the packet's family. */
  readonly rulesets: readonly CompiledRuleset[];
  /** The rule sets that have a nat table. */
  readonly natRulesets: readonly CompiledRuleset[];
  /** Tables of the family that iptables could not print. */
  readonly unprinted: ReadonlySet<string>;
  readonly evaluation: EvaluationContext;
  readonly indexed: boolean;
  readonly caused: (Caused & { readonly left?: Departure })[];
  /** The conntrack state that the caller gave for the first packet. */
  givenState: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED" | undefined;
  /** Number of times the packet was sent over lo, to detect loops. */
  rounds: number;
}

/** One packet in one host: its current state and the steps so far. */
export class PacketContext {
  readonly traversal: TraversalState;
  readonly steps: Step[] = [];
  hookState: HookState;
  /** The current route. If OUTPUT reroutes the packet, the hook state still contains the old device. */
  route: OutRoute | undefined;

  constructor(traversal: TraversalState, packet: Packet, hook: Hook, devices: { in: Device; out: Device }) {
    this.traversal = traversal;
    this.hookState = hookStateOf(traversal.host, hook, packet, devices);
  }

  get packet(): Packet {
    return this.hookState.packet;
  }

  set packet(packet: Packet) {
    this.hookState = withPacket(this.hookState, packet);
  }

  /** Replaces the packet's connection, also in the table if it is confirmed. */
  updateConnection(connection: Connection): void {
    const { ct } = this.hookState;
    if (ct === undefined) return;
    this.hookState = { ...this.hookState, ct: { ...ct, connection } };
    if (!connection.confirmed || connection.dying === true) return;
    const { evaluation } = this.traversal;
    evaluation.state = { ...evaluation.state, conntrack: evaluation.state.conntrack.with(connection) };
  }

  /** Common properties of a step outside of chains. */
  at(before: Packet = this.packet): { place: string; before: Packet; after: Packet } {
    return { place: this.traversal.host.place, before, after: this.packet };
  }
}
