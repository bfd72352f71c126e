import type { World } from "../../inspect/world";
import type { Packet, Traversal } from "../model";
import { hostAt, hostGraphOf } from "./host-graph";
import { JourneyExplorer, START } from "./journey-explorer";
import type { JourneyOptions, JourneyOutcome } from "./journey-outcome";

/**
 * All possible paths of one packet through several network namespaces.
 *
 * @example
 * import type { Journey } from "wirebook";
 *
 * const isLost = (path: Journey): boolean => path.outcomes.every(({ delivered }) => !delivered);
 */
export type Journey = Traversal<JourneyOutcome>;

/**
 * Computes the path of one packet through several namespaces, until it is delivered, dropped, or leaves the world. Between
 * namespaces, a packet loses its mark and its conntrack entry (net/core/skbuff.c, skb_scrub_packet). Sends nothing.
 *
 * @param world - the namespaces and their links, from `lab.world()` or {@link worldOf}.
 * @param place - the namespace whose process sends the packet, or where it arrives on the device `options.in`.
 * @param packet - the packet as it is sent.
 * @param options.in - the device on which the packet arrives. Default: a local process sends it.
 * @param options.state - connections and counters from earlier packets. Default: the conntrack entries of the snapshots.
 * @throws RangeError if the world has no such place. RulesError `RULES_UNREADABLE` if a rule dump of the world is not
 *   valid `iptables-save` output.
 * @example
 * import { journey, Lab } from "wirebook";
 *
 * const lab = await Lab.open("journey");
 * await lab.netns("client");
 * const { outcomes } = journey(await lab.world(), "client", {
 *   family: "ipv4", src: "127.0.0.1", dst: "127.0.0.1", protocol: "tcp", sport: 40000, dport: 80,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * });
 * console.log(outcomes[0]?.verdict);
 * await lab.close();
 */
export function journey(world: World, place: string, packet: Packet, options: JourneyOptions = {}): Journey {
  const graph = hostGraphOf(world);
  const state = options.state ?? new Map([...graph.hosts].map(([name, host]) => [name, host.state]));
  const explorer = new JourneyExplorer(graph, options);
  const start = hostAt(graph, place).place;
  explorer.visit(
    start,
    packet,
    options.in === undefined ? { local: true } : { in: options.in },
    { probability: START, dependsOn: [], assumed: [], drawn: [], steps: [], caused: [], state },
    0,
  );
  return { packet, outcomes: explorer.outcomes, ...(explorer.truncated ? { truncated: true } : {}) };
}
