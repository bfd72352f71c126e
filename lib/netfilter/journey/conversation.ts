import { type Answer, nextOf, replyTo } from "../conntrack/reply";
import type { Packet } from "../model";
import { type Journey, type JourneyOptions, type JourneyOutcome, journey } from "./journey";
import type { World } from "./world";

/** The first packets of a connection: the request, its reply, and the packet after that. */
export interface Conversation {
  readonly request: Journey;
  /** Absent where nobody got the request, or where it has no answer. */
  readonly reply?: Journey;
  /** The second packet of the sender, after the reply. Absent where the reply did not come back. */
  readonly second?: Journey;
}

export interface ConversationOptions extends JourneyOptions {
  /** What the other end does. Default: it accepts. */
  readonly answer?: Answer;
  /** Which outcome of the request is answered. Default: the first that was delivered. */
  readonly follow?: (outcomes: readonly JourneyOutcome[]) => JourneyOutcome | undefined;
}

/** Follows a request, its reply and the second packet, each with the connections that the one before left behind. */
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
