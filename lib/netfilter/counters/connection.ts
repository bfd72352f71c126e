import type { ConntrackEntry } from "../../inspect/snapshot";
import type { Packet, Step } from "../model";
import { canonical } from "../routing/address";

/** Whether conntrack of a place contains the connection that a prediction expects. */
export interface CountedConnection {
  readonly says: "agrees" | "differs";
  /** One sentence. */
  readonly text: string;
}

/**
 * Looks for the conntrack entry that a packet is predicted to create in a place. The original tuple identifies the entry,
 * and the reply tuple shows the NAT.
 *
 * @param entries - the conntrack entries of the place after the packet was sent.
 * @returns undefined if no entry is predicted, or if the protocol has no ports, so that several entries may match.
 */
export function judgeConnection(
  place: string,
  steps: readonly Step[],
  entries: readonly ConntrackEntry[],
): CountedConnection | undefined {
  const start = steps.find(
    (step) => step.place === place && step.kind === "conntrack" && step.state === "NEW",
  );
  if (start === undefined || start.before.dport === undefined) return undefined;
  const from = steps.indexOf(start);
  const length = steps
    .slice(from)
    .findIndex(
      (step) =>
        step.kind === "link" || step.place !== place || (step.kind === "end" && step.verdict === "accept"),
    );
  // The packet neither leaves the place nor is accepted there: it was dropped. Its conntrack entry is never confirmed.
  if (length < 0) return undefined;
  const left = steps[from + length - 1]?.after ?? start.after;
  const found = entries.find((entry) => isOf(entry, start.before));
  const name = `${start.before.protocol} ${tuple(start.before.src, start.before.sport)} → ${tuple(start.before.dst, start.before.dport)}`;
  if (found === undefined) {
    return { says: "differs", text: `conntrack of ${place} has no connection ${name}` };
  }
  const { reply } = found;
  const back = `${tuple(reply.src, reply.sport)} → ${tuple(reply.dst, reply.dport)}`;
  const expected = `${tuple(left.dst, left.dport)} → ${tuple(left.src, left.sport)}`;
  return back === expected
    ? { says: "agrees", text: `conntrack of ${place} has ${name}, and expects the reply ${back}` }
    : {
        says: "differs",
        text: `conntrack of ${place} has ${name}, but expects the reply ${back}, not ${expected}`,
      };
}

function isOf({ family, protocol, original }: ConntrackEntry, packet: Packet): boolean {
  return (
    family === packet.family &&
    protocol === packet.protocol &&
    canonical(original.src) === canonical(packet.src) &&
    canonical(original.dst) === canonical(packet.dst) &&
    original.sport === packet.sport &&
    original.dport === packet.dport
  );
}

function tuple(address: string, port: number | undefined): string {
  return `${address.includes(":") ? `[${canonical(address)}]` : address}:${port ?? "?"}`;
}
