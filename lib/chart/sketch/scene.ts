import { type Role, textWidth } from "./font-metrics";
import type { Tone } from "./palette";

/** When a mark is to be seen. */
export interface Shown {
  /** Number of folds that stand above this mark: it moves down by what they open to. Default: 0. */
  readonly below?: number;
  /** Seen only while this fold is open, or only while it is closed. */
  readonly inside?: number;
  readonly whileClosed?: number;
  /** The slider's step from which on the mark is lit (before it: pale), or the only one at which it is seen. */
  readonly from?: number;
  readonly only?: number;
}

export interface Box extends Shown {
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
  /** Over lines instead of under them. */
  readonly over?: boolean;
  /** Folds above the lower edge, where they differ from `below`: the box grows when one between opens. */
  readonly belowEnd?: number;
}

/** A straight line, or more of them joined, through absolute points. */
export interface Line extends Shown {
  readonly kind: "line";
  readonly points: readonly (readonly [number, number])[];
  readonly stroke: Tone;
  readonly thick?: number;
  readonly dashed?: boolean;
  readonly arrow?: boolean;
  readonly belowEnd?: number;
}

export interface Dot extends Shown {
  readonly kind: "dot";
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly fill: Tone;
  readonly stroke?: Tone;
  readonly shape?: "circle" | "diamond";
}

export interface Text extends Shown {
  readonly kind: "text";
  readonly x: number;
  /** The baseline. */
  readonly y: number;
  readonly text: string;
  readonly role: Role;
  readonly tone?: Tone;
  readonly align?: "left" | "center" | "right";
}

/** A place that answers the mouse: it shows the full text of what was elided, opens and closes a fold, picks a step. */
export interface Hit extends Shown {
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

/** A picture before it has a format: marks at absolute pixels from the upper left corner. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  /** One sentence for those who cannot see it. */
  readonly description: string;
  readonly marks: readonly Mark[];
  /** How many pixels each fold opens to, from the top down. */
  readonly folds?: readonly number[];
  /** Number of steps of the slider; absent: no slider. */
  readonly steps?: number;
}

/** Where a text stands: what must not meet another one. */
export interface Extent {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export function textExtent(text: Text, size: number): Extent {
  const width = textWidth(text.text, text.role);
  const left =
    text.align === "center" ? text.x - width / 2 : text.align === "right" ? text.x - width : text.x;
  return { left, right: left + width, top: text.y - size * 0.8, bottom: text.y + size * 0.22 };
}
