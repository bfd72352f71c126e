import type { World } from "../../inspect/world";
import { type Answer, nextOf, replyTo } from "../conntrack/reply";
import type { Packet } from "../model";
import { type Journey, journey } from "./journey";
import type { JourneyOptions, JourneyOutcome } from "./journey-outcome";

/** The first packets of a connection: the request, its reply, and the second packet of the originator. */
export interface Conversation {
  readonly request: Journey;
  /** Absent if the request was not delivered, or has no reply. */
  readonly reply?: Journey;
  /** The second packet of the originator, after the reply. Absent if the reply was not delivered. */
  readonly second?: Journey;
}

/** Options of {@link converse}. */
export interface ConversationOptions extends JourneyOptions {
  /** What the other end does: `accepts`, or `refuses` because the port is closed. Default: `accepts`. */
  readonly answer?: Answer;
  /** Selects the outcome of the request that is answered. Default: the first one that was delivered. */
  readonly follow?: (outcomes: readonly JourneyOutcome[]) => JourneyOutcome | undefined;
}

/**
 * Follows the first packets of a connection: a request, its reply and the second packet of the originator. Each packet
 * starts with the conntrack entries of the previous ones, so that it shows which rules a later packet passes. Sends
 * nothing.
 *
 * @param world - the namespaces and their links, from `lab.world()` or {@link worldOf}.
 * @param place - the namespace that opens the connection.
 * @param packet - the first packet.
 * @param options.answer - what the other end does. Default: `accepts`.
 * @throws RangeError if the world has no such place. RulesError `RULES_UNREADABLE` if a rule dump of the world is not
 *   valid `iptables-save` output.
 * @example
 * import { converse, Lab } from "wirebook";
 *
 * const lab = await Lab.open("converse");
 * await lab.netns("client");
 * const { request, reply } = converse(await lab.world(), "client", {
 *   family: "ipv4", src: "127.0.0.1", dst: "127.0.0.1", protocol: "tcp", sport: 40000, dport: 80,
 *   ttl: 64, tos: 0, length: 60, mark: 0,
 * });
 * console.log(request.outcomes[0]?.verdict, reply?.outcomes[0]?.verdict);
 * await lab.close();
 */
export function converse(
  world: World,
  place: string,
  packet: Packet,
  options: ConversationOptions = {},
): Conversation {
  const request = journey(world, place, packet, options);
  const follow = options.follow ?? ((outcomes) => outcomes.find(({ delivered }) => delivered));
  const arrived = follow(request.outcomes);
  const answer = arrived?.delivered === true ? replyTo(arrived.packet, options.answer) : undefined;
  if (arrived === undefined || answer === undefined) return { request };
  const reply = journey(world, arrived.place, answer, { ...options, state: arrived.state });
  const back = reply.outcomes.find(({ delivered }) => delivered);
  if (back === undefined) return { request, reply };
  return { request, reply, second: journey(world, place, nextOf(packet), { ...options, state: back.state }) };
}
