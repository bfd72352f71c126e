import type { Mark, Scene, Shown } from "./scene";
import { WIDTH } from "./shapes";

/**
 * A picture that grows downwards: rows under rows, some of which open. It keeps the place of the next row, how many
 * folds stand above it and which step of the slider it belongs to.
 */
export class Layout {
  readonly #marks: Mark[] = [];
  readonly #folds: number[] = [];
  #step: number | undefined;
  /** Upper edge of the next row. */
  y = 0;

  /** Folds above the next row. */
  get below(): number {
    return this.#folds.length;
  }

  get step(): number | undefined {
    return this.#step;
  }

  /** From here on, marks belong to this step of the slider: `undefined` for what is always lit. */
  at(step: number | undefined): void {
    this.#step = step;
  }

  /** Adds marks at absolute places; they move down with the folds above them. */
  put(...marks: readonly Mark[]): void {
    this.#add(marks, {});
  }

  #add(marks: readonly Mark[], inside: { readonly inside?: number }): void {
    const shown: Shown = {
      ...(this.below > 0 ? { below: this.below } : {}),
      ...(this.#step === undefined ? {} : { from: this.#step }),
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
   * Adds what a click opens, just above `y`: call it once the row that heads it is placed. `content` is drawn from
   * `y` on, `height` pixels tall; what follows moves down by that much while it is open.
   *
   * @returns the number of the fold, for the row that opens it.
   */
  fold(height: number, content: readonly Mark[], head: (fold: number) => readonly Mark[]): void {
    const fold = this.#folds.length;
    this.put(...head(fold));
    this.#add(content, { inside: fold });
    this.#folds.push(height);
  }

  /** Puts a frame around what `draw` adds, over the whole width; it grows with the folds that open inside. */
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
      ...(steps === undefined ? {} : { steps }),
    };
  }
}
