import type { MimeBundle, Picture } from "../../chart/picture";
import { traversalPicture } from "../../chart/traversal";
import { display } from "../../display";
import type { Journey, JourneyOutcome } from "../../netfilter/journey";
import type { Packet } from "../../netfilter/model";
import type { Arrival } from "./arrival";
import type { Observation } from "./observation";
import { traceReport } from "./observed";

/**
 * The path of a later packet of a connection: the reply or the second packet. As the value of a cell, it is displayed
 * as a picture.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("journey-picture-example");
 * const client = await lab.pod("client");
 * const { reply } = await lab.trace({ from: client, to: lab.outside, tcp: 80 });
 * console.log(reply?.outcome?.verdict, reply?.agrees, reply?.picture.text);
 * await lab.close();
 */
export class JourneyPicture implements Journey {
  /** The packet as its sender sends it. */
  readonly packet: Packet;
  /** All possible outcomes of its path, with their probabilities. */
  readonly outcomes: readonly JourneyOutcome[];
  /** Result of the kernel's trace. Absent if the packet was not traced or the trace does not contain it. */
  readonly observed: Observation | undefined;
  readonly #says: string;
  readonly #names: Readonly<Record<string, string>>;

  /**
   * @param says - describes which packet of the connection it is, for example `the reply`.
   * @param names - names of addresses, for the picture's title.
   * @param observed - result of the kernel's trace for this packet.
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
   * True if the traced rules are the predicted ones and the packet arrived, or was stopped, where predicted. Undefined
   * if the packet was not traced, if the trace does not contain it, or if its arrival could not be observed.
   */
  get agrees(): boolean | undefined {
    return this.observed?.agrees;
  }

  /** How far the packet was seen to get. Absent if there is no trace of it. */
  get arrival(): Arrival | undefined {
    return this.observed?.arrival;
  }

  /** Its first outcome. Usually the only one, because the first packet of the connection decided the endpoint. */
  get outcome(): JourneyOutcome | undefined {
    return this.outcomes[0];
  }

  /** The predicted path, with the result of the trace. */
  get picture(): Picture {
    const places = [...new Set(this.outcome?.steps.map(({ place }) => place))];
    const subtitle = `${this.#says}, through ${places.join(", ")}`;
    return traversalPicture(this, {
      names: this.#names,
      subtitle,
      ...(this.observed ? { observed: traceReport(this.observed, this.outcome) } : {}),
    });
  }

  /** Returns the picture as text. */
  toString(): string {
    return this.picture.text;
  }

  [display](): Promise<MimeBundle> {
    return this.picture[display]();
  }
}
