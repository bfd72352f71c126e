import type { KernelReport } from "../../chart/traversal";
import type { Snapshot } from "../../inspect/snapshot";
import type { World } from "../../inspect/world";
import {
  type CountedConnection,
  type CounterAgreement,
  expectedCounts,
  judgeConnection,
  judgeCounts,
  type Round,
  tallyOf,
} from "../../netfilter/counters";
import { converse, hostGraphOf, type Journey } from "../../netfilter/journey";
import type { Packet, Step } from "../../netfilter/model";
import { hostOf } from "../../netfilter/traverse";
import { withoutUndefined } from "../../without-undefined";

/**
 * Compares the rule counters and the conntrack entries of the engine's machine with the prediction for a packet that
 * passed through it.
 *
 * @example
 * import { type HostObservation, Lab } from "wirebook";
 * const lab = await Lab.open("host-observation-example");
 * const client = await lab.pod("client");
 * const path = await lab.trace({ from: client, to: lab.outside, tcp: 80, host: true });
 * const counted: HostObservation | undefined = path.counted; // undefined: the path does not pass the machine's rules
 * console.log(counted?.agrees, counted?.rules.length);
 * await lab.close();
 */
export interface HostObservation extends CounterAgreement {
  /** Name of the machine as a place of the path. */
  readonly place: string;
  /** Result for the conntrack entry that the packet is predicted to create there. Absent if none is predicted. */
  readonly connection?: CountedConnection;
}

/** Maximum number of outcomes whose later packets are predicted. */
const MAX_FOLLOWED_OUTCOMES = 64;

/** A snapshot of the machine, and the time it was taken: milliseconds of performance.now(). */
interface Look {
  readonly snapshot: Snapshot;
  readonly at: number;
}

/**
 * Verifies the prediction for the engine's machine by its rule counters. We only read that machine and do not add TRACE
 * rules or tables to it, so we compare its counters before and after sending. The change of the counters before we send
 * measures other traffic.
 */
export class HostCounters {
  readonly place: string;
  readonly #look: () => Promise<Snapshot>;
  readonly #looks: Look[];
  readonly #rounds: Round[] = [];

  /**
   * @param first - the machine's snapshot from which the prediction was made.
   * @param look - takes a new snapshot.
   */
  constructor(first: Snapshot, look: () => Promise<Snapshot>) {
    this.place = first.place;
    this.#look = look;
    this.#looks = [{ snapshot: first, at: performance.now() }];
  }

  /**
   * Takes a snapshot, calls `send`, and takes another one. Packets counted between the previous snapshot and the first
   * of these are other traffic.
   *
   * @param packets - number of packets that `send` sends.
   */
  async during<T>(packets: number, send: () => Promise<T>, family: Packet["family"]): Promise<T> {
    await this.#next(0, family);
    const result = await send();
    await this.#next(packets, family);
    return result;
  }

  /**
   * Compares the snapshots with the prediction.
   *
   * @param from - name of the place that sent the packet.
   * @param taken - index of the outcome that the packet took.
   */
  judge(world: World, from: string, path: Journey, taken: number): HostObservation {
    const rulesets = hostGraphOf(world).hosts.get(this.place)?.host.rulesets ?? [];
    const expected = expectedCounts(this.place, rulesets, {
      outcomes: path.outcomes.map(({ steps }) => steps),
      after: laterSteps(world, from, path),
    });
    const { place } = this;
    const entries = this.#sent?.conntrack ?? [];
    const connection = judgeConnection(place, path.outcomes[taken]?.steps ?? [], entries);
    const counted = judgeCounts(expected, this.#rounds);
    const agrees =
      connection?.says === "differs" ? false : (counted.agrees ?? (connection ? true : undefined));
    return { place, ...counted, agrees, ...withoutUndefined({ connection }) };
  }

  /** The snapshot taken after the first packet was sent. It contains the packet's conntrack entry. */
  get #sent(): Snapshot | undefined {
    return this.#looks[2]?.snapshot;
  }

  async #next(sent: number, family: Packet["family"]): Promise<void> {
    const before = this.#looks.at(-1);
    const snapshot = await this.#look();
    const at = performance.now();
    this.#looks.push({ snapshot, at });
    if (before === undefined) return;
    const tally = (look: Snapshot) => tallyOf(hostOf(look).rulesets, family);
    this.#rounds.push({
      sent,
      before: tally(before.snapshot),
      after: tally(snapshot),
      milliseconds: at - before.at,
    });
  }
}

/** Returns the steps of packets that may follow: replies, the next packet of the connection, and ICMP errors. */
function laterSteps(world: World, from: string, path: Journey): readonly (readonly Step[])[] {
  const later: (readonly Step[])[] = [];
  const add = (journey: Journey | undefined): void => {
    for (const { steps, caused = [] } of journey?.outcomes ?? []) {
      later.push(steps, ...caused.map((each) => each.steps));
    }
  };
  for (const outcome of path.outcomes.slice(0, MAX_FOLLOWED_OUTCOMES)) {
    later.push(...(outcome.caused ?? []).map(({ steps }) => steps));
    for (const answer of ["accepts", "refuses"] as const) {
      const { reply, second } = converse(world, from, path.packet, { answer, follow: () => outcome });
      add(reply);
      add(second);
    }
  }
  return later;
}

/** Returns the report that a picture displays for these counters. */
export function countersReport({ agrees, place, rules, connection }: HostObservation): KernelReport {
  const told = rules.filter(({ says }) => says !== "unsure");
  const all = [...told, ...(connection ? [connection] : [])];
  const wrong = all.find(({ says }) => says === "differs");
  const unsure = rules.length - told.length;
  return {
    by: "counters",
    agreed: all.filter(({ says }) => says === "agrees").length,
    total: all.length,
    ...(unsure === 0 ? {} : { unsure }),
    ...(agrees === undefined ? { undecided: true } : {}),
    ...(wrong === undefined
      ? {}
      : { difference: { place, predicted: predictedText(wrong), observed: wrong.text } }),
  };
}

function predictedText(wrong: CountedConnection | CounterAgreement["rules"][number]): string {
  if (!("expected" in wrong)) return "a connection with these ends";
  const { says, text } = wrong.expected;
  return says === "matches" ? `${text} matches` : `${text} does not match`;
}
