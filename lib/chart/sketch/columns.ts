import { elide } from "./font-metrics";
import type { Tone } from "./palette";
import type { Mark } from "./scene";
import { WIDTH } from "./shapes";

const HEAD = 40;
/** Distance in pixels from the left edge of the picture to the centre of the first column. */
const EDGE = 70;

/** A column of a picture: a name and a text below it. */
export interface Party {
  readonly name: string;
  readonly fact?: string;
}

/** An area in pixels that the line of a column must not cross. */
export interface Band {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Columns with a box at the top and a vertical line below, which is interrupted at text. */
export class Columns {
  readonly #parties: readonly Party[];
  readonly #gap: number;
  readonly #bands: Band[] = [];

  constructor(parties: readonly Party[]) {
    this.#parties = parties;
    this.#gap = parties.length > 1 ? (WIDTH - 2 * EDGE) / (parties.length - 1) : 0;
  }

  /** Returns the centre of a column in pixels. */
  x(column: number): number {
    return this.#parties.length === 1 ? WIDTH / 2 : EDGE + column * this.#gap;
  }

  /** Interrupts the lines in this area. */
  keep(band: Band): void {
    this.#bands.push(band);
  }

  /** Draws the boxes with their upper edge at `top`. */
  heads(top: number): readonly Mark[] {
    const width = Math.min(2 * EDGE, this.#parties.length > 1 ? this.#gap - 10 : 200);
    return this.#parties.flatMap(({ name, fact = "" }, i) => [
      {
        kind: "box",
        x: this.x(i) - width / 2,
        y: top,
        width,
        height: HEAD,
        fill: "card",
        stroke: "edge",
        radius: 5,
      } as const,
      ...centred(name, "head", this.x(i), top + (fact === "" ? 25 : 17), width - 12),
      ...(fact === "" ? [] : centred(fact, "codeSmall", this.x(i), top + 32, width - 8, "mute")),
    ]);
  }

  /** Returns the lower edge of boxes whose upper edge is `top`. */
  below(top: number): number {
    return top + HEAD + 8;
  }

  /** Draws the lines from boxes whose upper edge is `top` down to `bottom`, with gaps at text. */
  lines(top: number, bottom: number): readonly Mark[] {
    return this.#parties.flatMap((_, i) => lifeline(this.x(i), top + HEAD, bottom, this.#bands));
  }
}

function centred(
  text: string,
  role: "head" | "codeSmall",
  x: number,
  y: number,
  room: number,
  tone: Tone = "ink",
): readonly Mark[] {
  const short = elide(text, role, room);
  const mark: Mark = { kind: "text", x, y, text: short, role, tone, align: "center" };
  if (short === text) return [mark];
  return [mark, { kind: "hit", x: x - room / 2, y: y - 12, width: room, height: 16, tip: text }];
}

function lifeline(x: number, top: number, bottom: number, bands: readonly Band[]): readonly Mark[] {
  const cuts = bands.filter((band) => band.left - 4 < x && x < band.right + 4).sort((a, b) => a.top - b.top);
  const marks: Mark[] = [];
  let from = top;
  for (const cut of cuts) {
    if (cut.top > from) marks.push(segment(x, from, cut.top));
    from = Math.max(from, cut.bottom);
  }
  if (bottom > from) marks.push(segment(x, from, bottom));
  return marks;
}

function segment(x: number, top: number, bottom: number): Mark {
  return {
    kind: "line",
    points: [
      [x, top],
      [x, bottom],
    ],
    stroke: "edge",
    thick: 1.5,
  };
}
