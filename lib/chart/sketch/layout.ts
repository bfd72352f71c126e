import { withoutUndefined } from "../../without-undefined";
import type { Mark, Scene, Shown } from "./scene";
import { WIDTH } from "./shapes";

/**
 * Lays out a picture from top to bottom in rows, some of which can be unfolded. Tracks the position of the next row,
 * the number of rows above it that can be unfolded, and its step: the position of the picture's slider at which it lights up.
 */
export class Layout {
  readonly #marks: Mark[] = [];
  readonly #folds: number[] = [];
  #step: number | undefined;
  /** Upper edge of the next row in pixels. */
  y = 0;

  /** Number of folds above the next row. */
  get below(): number {
    return this.#folds.length;
  }

  get step(): number | undefined {
    return this.#step;
  }

  /** Sets the slider step of the following marks; `undefined`: always lit. */
  at(step: number | undefined): void {
    this.#step = step;
  }

  /** Adds marks at absolute positions. They move down when folds above them open. */
  put(...marks: readonly Mark[]): void {
    this.#add(marks, {});
  }

  #add(marks: readonly Mark[], inside: { readonly inside?: number }): void {
    const shown: Shown = {
      ...(this.below > 0 ? { below: this.below } : {}),
      ...withoutUndefined({ from: this.#step }),
    };
    for (const mark of marks) {
      this.#marks.push(
        mark.only === undefined
          ? { ...shown, ...mark, ...inside }
          : { ...mark, below: mark.below ?? this.below, ...inside },
      );
    }
  }

  /**
   * Adds content that a click opens. Call it after placing the row to click on. `content` is drawn from `y` on and is
   * `height` pixels tall; the following rows move down by `height` while it is open.
   *
   * @returns the index of the fold.
   */
  fold(height: number, content: readonly Mark[], head: (fold: number) => readonly Mark[]): void {
    const fold = this.#folds.length;
    this.put(...head(fold));
    this.#add(content, { inside: fold });
    this.#folds.push(height);
  }

  /** Draws a full-width frame around everything that `draw` adds. It grows when folds inside open. */
  frame(draw: () => void): void {
    const top = this.y;
    const above = this.below;
    draw();
    this.put({
      kind: "box",
      x: 0.5,
      y: top,
      width: WIDTH - 1,
      height: this.y - top,
      stroke: "edge",
      thick: 1.5,
      radius: 10,
      below: above,
      belowEnd: this.below,
    });
  }

  scene(width: number, description: string, steps?: number): Scene {
    return {
      width,
      height: Math.ceil(this.y),
      description,
      marks: this.#marks,
      folds: this.#folds,
      ...withoutUndefined({ steps }),
    };
  }
}
