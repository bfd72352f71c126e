import type { KernelReport } from "../../chart/traversal";
import type { JourneyOutcome } from "../../netfilter/journey";
import { type Arrival, arrived } from "./arrival";
import { arrivalText, seenText } from "./arrival-text";
import type { Observation } from "./observation";

/** Returns the report that a picture displays for the kernel's trace of a packet and its arrival. */
export function traceReport(seen: Observation, outcome: JourneyOutcome | undefined): KernelReport {
  const { difference, events, arrival, rules } = seen;
  return {
    by: "trace",
    agreed: events,
    total: rules ? events : events + 1,
    ...(outcome === undefined
      ? {}
      : {
          arrival: {
            confirmed: arrived(arrival),
            ...(arrival.kind === "refused"
              ? { refused: arrival.answered ? { reply: arrival.with } : {} }
              : {}),
            text: arrivalText(arrival, outcome.packet),
            ...lastOf(arrival),
          },
        }),
    // If the rules agree, the only difference is the arrival, which the picture displays in a separate line.
    ...(difference === undefined || rules
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

function lastOf(arrival: Arrival): Pick<NonNullable<KernelReport["arrival"]>, "last"> {
  const last = arrival.kind === "passed" ? arrival.at : "last" in arrival ? arrival.last : undefined;
  return last === undefined ? {} : { last: { place: last.place, text: seenText(last) } };
}
