import type { Connection } from "../conntrack/connection";
import type { Caused, Hook, Host, Packet, Step, Verdict } from "../model";
import type { OutRoute } from "../routing/output";
import type { CompiledRuleset } from "./compile";
import type { EvaluationContext } from "./evaluation";
import { type Device, type HookState, hookStateOf, withPacket } from "./hook-state";

/** Where a packet went when it left the host. */
export interface Departure {
  readonly dev: Device;
  /** The address whose link-layer address the frame gets: the next hop, or the destination itself. */
  readonly nexthop: string;
}

/** How one packet of one run ended. */
export interface Disposition {
  readonly verdict: Verdict;
  readonly left?: Departure;
  readonly delivered?: boolean;
}

/** Everything that one run of a traversal shares: the host, the state and the answers, and what was caused. */
export interface TraversalState {
  readonly host: Host;
  /** Those of the packet's family. */
  readonly rulesets: readonly CompiledRuleset[];
  /** Those that have a nat table. */
  readonly natRulesets: readonly CompiledRuleset[];
  /** Tables of the family that iptables could not print. */
  readonly unprinted: ReadonlySet<string>;
  readonly evaluation: EvaluationContext;
  readonly indexed: boolean;
  readonly caused: (Caused & { readonly left?: Departure })[];
  /** Given from outside for the first packet: what conntrack would say. */
  givenState: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED" | undefined;
  /** Rounds over lo, so that a loop ends. */
  rounds: number;
}

/** One packet on its way through one host: what is true now, and what has happened. */
export class PacketContext {
  readonly traversal: TraversalState;
  readonly steps: Step[] = [];
  hookState: HookState;
  /** The route the packet has now: a new one after OUTPUT, while the hook still sees the old device. */
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

  /** Puts a newer value of the packet's connection in place, in the table as well once it is there. */
  updateConnection(connection: Connection): void {
    const { ct } = this.hookState;
    if (ct === undefined) return;
    this.hookState = { ...this.hookState, ct: { ...ct, connection } };
    if (!connection.confirmed || connection.dying === true) return;
    const { evaluation } = this.traversal;
    evaluation.state = { ...evaluation.state, conntrack: evaluation.state.conntrack.with(connection) };
  }

  /** A step that belongs to no chain, at this place, with the header as it is. */
  at(before: Packet = this.packet): { place: string; before: Packet; after: Packet } {
    return { place: this.traversal.host.place, before, after: this.packet };
  }
}
