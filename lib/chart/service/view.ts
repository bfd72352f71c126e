import type { Outcome, Probability, Traversal } from "../../netfilter/model";
import { withoutUndefined } from "../../without-undefined";
import { endpoint } from "../sketch/shapes";
import { ruleText } from "../traversal/phrases";

/** One chain that a packet passes before it reaches an endpoint. */
interface ServiceChain {
  readonly chain: string;
  /** The rule that jumped to the next chain, without `-A CHAIN`, or a note: `web:http, 3 endpoints`. */
  readonly says?: string;
}

/** One destination of the service's connections. */
export interface ServiceEndpoint {
  /** `10.244.1.3:8080`; absent if the connection is rejected or dropped. */
  readonly address?: string;
  /** Chain of the endpoint: `KUBE-SEP-…`. */
  readonly chain?: string;
  /** `web-0 · node1` */
  readonly name?: string;
  /** Exact probability that a connection gets here. */
  readonly probability: Probability;
  /** The probability in its own rule: `1/2 of the rest`. */
  readonly condition?: string;
  /** Number of test connections that reached this endpoint. */
  readonly counted?: number;
  /** Set if the connection is refused: `REJECT`. */
  readonly refused?: string;
}

/** A service as implemented by the rules: the chains up to the random choice, and the possible endpoints. */
export interface ServiceView {
  /** `web` */
  readonly name: string;
  /** `10.96.0.10:80` */
  readonly address: string;
  /** Text after the title. Default: that no interface has this address. */
  readonly fact?: string;
  /** From the first chain that matches the address to the one that chooses an endpoint. */
  readonly chains: readonly ServiceChain[];
  readonly endpoints: readonly ServiceEndpoint[];
  readonly notes?: readonly string[];
}

export interface ServiceOfOptions {
  /** Default: the address. */
  readonly name?: string;
  /** Names by endpoint address: `10.244.1.3` → `web-0 · node1`. */
  readonly names?: Readonly<Record<string, string>>;
  /** Connections counted for each endpoint, by `10.244.1.3:8080`. */
  readonly counted?: Readonly<Record<string, number>>;
}

/**
 * Extracts a service from a traversal: the nat chains that all outcomes share, and one endpoint for each outcome with
 * its own DNAT.
 */
export function serviceOf(traversal: Traversal, options: ServiceOfOptions = {}): ServiceView {
  const paths = traversal.outcomes.map((outcome) => ({ outcome, jumps: jumpsOf(outcome) }));
  const [first] = paths;
  const shared: Jump[] = [];
  for (const [depth, jump] of (first?.jumps ?? []).entries()) {
    const all = paths.every((path) => path.jumps[depth]?.chain === jump.chain);
    if (!all || (paths.length === 1 && jump.ends)) break;
    shared.push(jump);
  }
  const address = endpoint(traversal.packet.dst, traversal.packet.dport);
  const chains = shared.map((jump, i): ServiceChain => {
    const same = paths.every((path) => path.jumps[i]?.says === jump.says);
    return same && jump.says !== "" ? { chain: jump.chain, says: jump.says } : { chain: jump.chain };
  });
  return {
    name: options.name ?? address,
    address,
    chains,
    endpoints: paths.map(({ outcome, jumps }): ServiceEndpoint => {
      const chosen = jumps[shared.length];
      const choice = jumps[shared.length - 1];
      const to = endpoint(outcome.packet.dst, outcome.packet.dport);
      const base = {
        probability: outcome.probability,
        ...(chosen === undefined ? {} : { chain: chosen.chain }),
        ...(choice?.because === undefined ? {} : { condition: choice.because }),
      };
      if (outcome.verdict !== "accept") return { ...base, refused: outcome.verdict.toUpperCase() };
      const name = options.names?.[outcome.packet.dst];
      const counted = options.counted?.[to];
      return {
        ...base,
        address: to,
        ...withoutUndefined({ name }),
        ...(options.counted === undefined ? {} : { counted: counted ?? 0 }),
      };
    }),
  };
}

interface Jump {
  readonly chain: string;
  readonly says: string;
  readonly because?: string;
  /** Whether its rule rewrites the destination, so that it is the chain of an endpoint. */
  readonly ends: boolean;
}

/** Returns the chains whose rules led to the new destination, from the first user chain on. */
function jumpsOf(outcome: Outcome): readonly Jump[] {
  const jumps: Jump[] = [];
  for (const step of outcome.steps) {
    if (step.kind !== "rule") continue;
    const { action } = step.rule;
    const dnat = action.kind === "dnat" || action.kind === "redirect";
    const refuses = action.kind === "reject" || action.kind === "drop";
    const leads = step.table === "nat" && (action.kind === "jump" || action.kind === "goto" || dnat);
    if ((leads && !(action.kind === "jump" && /MARK/.test(action.chain))) || refuses) {
      if (step.chain === step.hook) continue;
      jumps.push({
        chain: step.chain,
        says: shortRule(ruleText(step.rule)),
        ends: dnat,
        ...withoutUndefined({ because: step.because }),
      });
      if (dnat || refuses) break;
    }
  }
  return jumps;
}

/** Returns the matches of a rule, without its comment and target. */
function shortRule(text: string): string {
  return text
    .replace(/-m comment --comment ("[^"]*"|\S+)\s*/g, "")
    .replace(/\s*-[jg] \S+.*$/, "")
    .replace(/-m (tcp|udp)\s*/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
