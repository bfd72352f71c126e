import fc from "fast-check";
import { Engine } from "../../lib/engine";
import { Session } from "../../lib/lab/runtime/session";
import { dumpOf, type FuzzCase, routers } from "./case";
import { fuzzCase } from "./generate/case";
import { minimize } from "./minimize";
import { RefusedCase, World } from "./rig/world";
import { type Disagreement, runCase } from "./run/run";

export interface FuzzOptions {
  /** Stops after this many packets. */
  readonly packets: number;
  readonly seed: number;
  /** Stops after this many disagreements. Default: 1. */
  readonly disagreements?: number;
  /** Packets in one case. Default: 40. */
  readonly perCase?: number;
  /** Called with a status line every 20 cases, and for each disagreement. */
  readonly progress?: (line: string) => void;
  /** Called for each disagreement, after it has been minimized. */
  readonly onFound?: (found: Found) => void;
  /** Whether to minimize disagreeing cases. Default: true. */
  readonly minimize?: boolean;
}

export interface Found {
  readonly seed: number;
  readonly case: FuzzCase;
  readonly disagreement: Disagreement;
}

export interface FuzzReport {
  readonly seed: number;
  readonly cases: number;
  /** Error messages of the cases that iptables or ip refused. */
  readonly refused: readonly string[];
  readonly packets: number;
  readonly passes: number;
  readonly uncertain: number;
  /** Router traversals in namespaces where no rule needs conntrack. */
  readonly untracked: number;
  /** How often each kind of match and target (`→`) occurred in the rules that packets matched. */
  readonly hits: ReadonlyMap<string, number>;
  readonly seconds: number;
  readonly found: readonly Found[];
}

/**
 * One world for each of the kernel's two implementations. A legacy table stays loaded for the lifetime of its netns,
 * and even an empty nat table has an effect: it changes ports that clash.
 */
class Worlds {
  readonly #engine: Engine;
  readonly #worlds = new Map<FuzzCase["variant"], Promise<World>>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  for({ variant }: FuzzCase): Promise<World> {
    const known = this.#worlds.get(variant) ?? World.start(this.#engine);
    this.#worlds.set(variant, known);
    return known;
  }

  async remove(): Promise<void> {
    for (const world of this.#worlds.values()) await (await world).remove();
    await (await Session.on(this.#engine)).end();
  }
}

/** Runs random cases in the model and on the kernel until `packets` packets have been compared. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { packets: wanted, seed, disagreements = 1, perCase = 40, progress } = options;
  const worlds = new Worlds(await Engine.connect());
  const began = performance.now();
  const [refused, found]: [string[], Found[]] = [[], []];
  let [cases, packets, passes, uncertain, untracked] = [0, 0, 0, 0, 0];
  const hits = new Map<string, number>();
  const report = (): FuzzReport => {
    const seconds = (performance.now() - began) / 1_000;
    return { seed, cases, refused, packets, passes, uncertain, untracked, hits, seconds, found };
  };
  try {
    for (let at = seed; packets < wanted && found.length < disagreements; at += 1) {
      const [next] = fc.sample(fuzzCase(perCase), { seed: at, numRuns: 1 });
      if (next === undefined) continue;
      try {
        const result = await runCase(await worlds.for(next), next);
        cases += 1;
        packets += result.packets;
        passes += result.passes;
        uncertain += result.uncertain;
        untracked += result.untracked;
        for (const [kind, count] of result.hits) hits.set(kind, (hits.get(kind) ?? 0) + count);
        if (result.disagreement) {
          progress?.(`seed ${at}: ${result.disagreement.text}`);
          const one = { seed: at, case: next, disagreement: result.disagreement };
          found.push(await smaller(worlds, one, options));
          options.onFound?.(found.at(-1) ?? one);
        }
      } catch (error) {
        if (!(error instanceof RefusedCase)) throw error;
        refused.push(`seed ${at}: ${error.message}`);
      }
      if (cases % 20 === 0)
        progress?.(`${packets} packets, ${passes} traversals, ${cases} cases, ${refused.length} refused`);
    }
    return report();
  } finally {
    await worlds.remove();
  }
}

async function smaller(worlds: Worlds, found: Found, options: FuzzOptions): Promise<Found> {
  if (options.minimize === false) return found;
  let last = found.disagreement;
  const small = await minimize(found.case, async (candidate) => {
    try {
      const { disagreement } = await runCase(await worlds.for(candidate), candidate);
      if (disagreement) last = disagreement;
      return disagreement !== undefined;
    } catch (error) {
      if (error instanceof RefusedCase) return false;
      throw error;
    }
  });
  return { ...found, case: small, disagreement: last };
}

/** Runs a single case. */
export async function replay(wanted: FuzzCase): Promise<Disagreement | undefined> {
  const worlds = new Worlds(await Engine.connect());
  try {
    return (await runCase(await worlds.for(wanted), wanted)).disagreement;
  } finally {
    await worlds.remove();
  }
}

/** Describes a case and its disagreement. The last line is the case as JSON, which `--case` accepts. */
export function foundText({ seed, case: wanted, disagreement }: Found): string {
  const lines = [
    `seed ${seed} (${wanted.family}, ${wanted.variant}), step ${disagreement.step}: ${disagreement.text}`,
  ];
  for (const name of routers) {
    const { addresses, routes, policyRules, sysctls } = wanted.routers[name];
    lines.push(
      `--- ${name}`,
      ...addresses.map(([device, cidr]) => `ip addr add ${cidr} dev ${device}`),
      ...routes.map((route) => `ip route add ${route}`),
      ...policyRules.map((rule) => `ip rule add ${rule}`),
      ...sysctls.filter(([, value]) => value !== "0").map(([path, value]) => `sysctl ${path}=${value}`),
      ...dumpOf(wanted.routers[name])
        .trimEnd()
        .split("\n")
        .filter((line) => /^[*-]|DROP/.test(line)),
    );
  }
  lines.push("--- steps", ...wanted.steps.map((step, at) => `${at}: ${JSON.stringify(step)}`));
  if (disagreement.sent) lines.push(`--- sent: ${JSON.stringify(disagreement.sent)}`);
  lines.push("--- kernel events", ...disagreement.events, "--- case", JSON.stringify(wanted));
  return lines.join("\n");
}
