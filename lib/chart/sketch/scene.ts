import type { Role } from "./font-metrics";
import type { Tone } from "./palette";

/** When a mark is visible. */
export interface Shown {
  /** Number of folds above this mark. It moves down when they open. Default: 0. */
  readonly below?: number;
  /** Visible only while this fold is open, or only while it is closed. */
  readonly inside?: number;
  readonly whileClosed?: number;
  /** The slider step from which on the mark is lit (before that: pale), or the only step at which it is visible. */
  readonly from?: number;
  readonly only?: number;
}

interface Box extends Shown {
  readonly kind: "box";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill?: Tone;
  readonly stroke?: Tone;
  readonly thick?: number;
  readonly radius?: number;
  readonly dashed?: boolean;
  /** Drawn above lines instead of below them. */
  readonly over?: boolean;
  /** Number of folds above the lower edge, if it differs from `below`: the box grows when a fold inside opens. */
  readonly belowEnd?: number;
}

/** A straight line or a polyline through absolute points. */
export interface Line extends Shown {
  readonly kind: "line";
  readonly points: readonly (readonly [number, number])[];
  readonly stroke: Tone;
  readonly thick?: number;
  readonly dashed?: boolean;
  readonly arrow?: boolean;
  readonly belowEnd?: number;
}

interface Dot extends Shown {
  readonly kind: "dot";
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly fill: Tone;
  readonly stroke?: Tone;
  readonly shape?: "circle" | "diamond";
}

interface Text extends Shown {
  readonly kind: "text";
  readonly x: number;
  /** The baseline. */
  readonly y: number;
  readonly text: string;
  readonly role: Role;
  readonly tone?: Tone;
  readonly align?: "left" | "center" | "right";
}

/** An area that reacts to the mouse: shows truncated text in full, toggles a fold or selects a step. */
interface Hit extends Shown {
  readonly kind: "hit";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly tip?: string;
  readonly opens?: number;
  /** A click moves the slider to this step. */
  readonly step?: number;
}

export type Mark = Box | Line | Dot | Text | Hit;

/** A picture independent of its output format: marks at absolute pixels from the upper left corner. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  /** Text alternative in one sentence. */
  readonly description: string;
  readonly marks: readonly Mark[];
  /** Height of each fold in pixels, from top to bottom. */
  readonly folds?: readonly number[];
  /** Number of slider steps; absent: no slider. */
  readonly steps?: number;
}
