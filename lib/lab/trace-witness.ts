import { isDeepStrictEqual } from "node:util";
import type { Witness } from "../chart/traversal";
import type { Path } from "../netfilter/model";
import { type Agreement, alignTrace, type PlaceTrace } from "../netfilter/trace";

/** The line that a picture has for what the kernel's trace said. */
export function witnessOf(seen: Agreement): Witness {
  const { difference, events } = seen;
  return {
    by: "trace",
    agreed: events,
    total: seen.agrees ? events : events + 1,
    ...(difference === undefined
      ? {}
      : {
          difference: {
            ...(difference.place === "" ? {} : { place: difference.place }),
            predicted: difference.expected ?? "the end of the path",
            observed: difference.observed ?? "nothing more",
            explanation: difference.text,
          },
        }),
  };
}

/**
 * What the trace of a connection's first packet says of a packet that came after it: the trace selects both directions.
 *
 * @param before - what was found of the packets before this one: theirs are not looked at again.
 * @returns undefined where the kernel reported no such packet, as where nobody answered: then nothing is to be compared.
 */
export function observedLater(
  path: Path,
  traces: readonly PlaceTrace[],
  before: readonly (Agreement | undefined)[],
): Agreement | undefined {
  const used = before.flatMap((each) => each?.packets ?? []);
  // In a recording these are equal to those of the traces, and not the same objects.
  const isUsed = (at: string, packet: PlaceTrace["packets"][number]): boolean =>
    used.some((each) => each.place === at && isDeepStrictEqual(each.packet, packet));
  const rest = traces.map((trace) => ({
    ...trace,
    packets: trace.packets.filter((packet) => !isUsed(trace.place, packet)),
  }));
  const agreement = alignTrace(path, rest);
  return agreement.packets.length === 0 ? undefined : agreement;
}
