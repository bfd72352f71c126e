import type { MimeBundle, Picture } from "../../chart/picture";
import { traversalPicture } from "../../chart/traversal";
import { display } from "../../display";
import type { Journey, JourneyOutcome } from "../../netfilter/journey";
import type { Packet } from "../../netfilter/model";
import type { Arrival } from "./arrival";
import type { Observation } from "./observation";
import { traceReport } from "./observed";

/** A packet that follows another one of the same connection, as the value of a cell: a reply, a second packet. */
export class JourneyPicture implements Journey {
  readonly packet: Packet;
  readonly outcomes: readonly JourneyOutcome[];
  /** What the kernel's trace said of it; absent where it reported no such packet, or was not asked. */
  readonly observed: Observation | undefined;
  readonly #says: string;
  readonly #names: Readonly<Record<string, string>>;

  /**
   * @param says - which packet of the connection it is: `the reply`.
   * @param names - names of addresses, for the picture's title.
   * @param observed - what the kernel's trace said of this packet.
   */
  constructor(
    journey: Journey,
    says: string,
    names: Readonly<Record<string, string>>,
    observed?: Observation,
  ) {
    this.observed = observed;
    this.packet = journey.packet;
    this.outcomes = journey.outcomes;
    this.#says = says;
    this.#names = names;
  }

  /**
   * True when the kernel did what was predicted, and the packet was seen to arrive, or to be stopped, where predicted;
   * undefined when it reported no such packet, when nobody saw whether it arrived, or when it was not asked.
   */
  get agrees(): boolean | undefined {
    return this.observed?.agrees;
  }

  /** How far the packet was seen to get, and who says so. */
  get arrival(): Arrival | undefined {
    return this.observed?.arrival;
  }

  /** Its way. Which of several endpoints answers was decided by the first packet, so there is one as a rule. */
  get outcome(): JourneyOutcome | undefined {
    return this.outcomes[0];
  }

  get picture(): Picture {
    const places = [...new Set(this.outcome?.steps.map(({ place }) => place))];
    const subtitle = `${this.#says}, through ${places.join(", ")}`;
    return traversalPicture(this, {
      names: this.#names,
      subtitle,
      ...(this.observed ? { observed: traceReport(this.observed, this.outcome) } : {}),
    });
  }

  toString(): string {
    return this.picture.text;
  }

  [display](): Promise<MimeBundle> {
    return this.picture[display]();
  }
}
