import type { Connection } from "../conntrack/connection";
import type { Caused, Hook, Packet, Step, Verdict } from "../model";
import type { OutRoute } from "../routing/output";
import type { CompiledRuleset } from "./compile";
import type { Mind } from "./evaluation";
import { type Device, type View, viewOf, withPacket } from "./hook-state";
import type { Host } from "./host";

/** Where a packet went when it left the host. */
export interface Departure {
  readonly dev: Device;
  /** The address whose link-layer address the frame gets: the next hop, or the destination itself. */
  readonly nexthop: string;
}

/** How one packet of one run ended. */
export interface Ending {
  readonly verdict: Verdict;
  readonly left?: Departure;
  readonly delivered?: boolean;
}

/** Everything that one run of a traversal shares: the host, the state and the answers, and what was caused. */
export interface Run {
  readonly host: Host;
  /** Those of the packet's family. */
  readonly rulesets: readonly CompiledRuleset[];
  /** Those that have a nat table. */
  readonly natRulesets: readonly CompiledRuleset[];
  /** Tables of the family that iptables could not print. */
  readonly unprinted: ReadonlySet<string>;
  readonly mind: Mind;
  readonly indexed: boolean;
  readonly caused: (Caused & { readonly left?: Departure })[];
  /** Given from outside for the first packet: what conntrack would say. */
  force: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED" | undefined;
  /** Rounds over lo, so that a loop ends. */
  rounds: number;
}

/** One packet on its way through one host: what is true now, and what has happened. */
export class Flight {
  readonly run: Run;
  readonly steps: Step[] = [];
  view: View;
  /** The route the packet has now: a new one after OUTPUT, while the hook still sees the old device. */
  route: OutRoute | undefined;

  constructor(run: Run, packet: Packet, hook: Hook, devices: { in: Device; out: Device }) {
    this.run = run;
    this.view = viewOf(run.host, hook, packet, devices);
  }

  get packet(): Packet {
    return this.view.packet;
  }

  set packet(packet: Packet) {
    this.view = withPacket(this.view, packet);
  }

  /** Puts a newer value of the packet's connection in place, in the table as well once it is there. */
  updateConnection(connection: Connection): void {
    const { ct } = this.view;
    if (ct === undefined) return;
    this.view = { ...this.view, ct: { ...ct, connection } };
    if (!connection.confirmed || connection.dying === true) return;
    const { mind } = this.run;
    mind.state = { ...mind.state, conntrack: mind.state.conntrack.with(connection) };
  }

  /** A step that belongs to no chain, at this place, with the header as it is. */
  at(before: Packet = this.packet): { place: string; before: Packet; after: Packet } {
    return { place: this.run.host.place, before, after: this.packet };
  }
}
