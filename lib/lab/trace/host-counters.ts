import type { KernelReport } from "../../chart/traversal";
import type { Snapshot } from "../../inspect/snapshot";
import {
  type CountedConnection,
  type CounterAgreement,
  expectedCounts,
  judgeConnection,
  judgeCounts,
  type Round,
  tallyOf,
} from "../../netfilter/counters";
import { converse, type Journey, type World } from "../../netfilter/journey";
import type { Packet, Step } from "../../netfilter/model";
import { hostOf } from "../../netfilter/traverse";

/** What the counters and the connections of the engine's own machine say of a packet that crossed it. */
export interface HostObservation extends CounterAgreement {
  /** Name of the machine among the places of the path. */
  readonly place: string;
  /** The connection that the packet made there; absent where none was predicted. */
  readonly connection?: CountedConnection;
}

/** How many ways are followed further than to their end. */
const MAX_WAYS = 64;

/** Counters change by the clock of who reads them: one moment of the machine, and when it was. */
interface Look {
  readonly snapshot: Snapshot;
  readonly at: number;
}

/**
 * The witness of the machine that may only be read: nothing is set there, no TRACE, no table; its counters are read
 * before and after. Time that passes before the packet is sent shows what other traffic does.
 */
export class HostCounters {
  readonly place: string;
  readonly #look: () => Promise<Snapshot>;
  readonly #looks: Look[];
  readonly #rounds: Round[] = [];

  /**
   * @param first - how the machine looked when the prediction was made.
   * @param look - takes another look.
   */
  constructor(first: Snapshot, look: () => Promise<Snapshot>) {
    this.place = first.place;
    this.#look = look;
    this.#looks = [{ snapshot: first, at: performance.now() }];
  }

  /** Watches the counters while `send` sends packets; what went by since the last look is other traffic. */
  async during<T>(packets: number, send: () => Promise<T>, family: Packet["family"]): Promise<T> {
    await this.#next(0, family);
    const result = await send();
    await this.#next(packets, family);
    return result;
  }

  /** What was seen, laid beside the prediction. */
  judge(world: World, from: string, path: Journey, taken: number): HostObservation {
    const rulesets = world.hosts.get(this.place)?.host.rulesets ?? [];
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
    return { place, ...counted, agrees, ...(connection ? { connection } : {}) };
  }

  /** How the machine looked right after the first packet: its connection is there. */
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

/** Steps of all that may come by after the packet: answers, the rest of its connection, errors. */
function laterSteps(world: World, from: string, path: Journey): readonly (readonly Step[])[] {
  const later: (readonly Step[])[] = [];
  const add = (journey: Journey | undefined): void => {
    for (const { steps, caused = [] } of journey?.outcomes ?? []) {
      later.push(steps, ...caused.map((each) => each.steps));
    }
  };
  for (const outcome of path.outcomes.slice(0, MAX_WAYS)) {
    later.push(...(outcome.caused ?? []).map(({ steps }) => steps));
    for (const answer of ["accepts", "refuses"] as const) {
      const { reply, second } = converse(world, from, path.packet, { answer, follow: () => outcome });
      add(reply);
      add(second);
    }
  }
  return later;
}

/** The line that a picture has for it. */
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
