import { inspect } from "node:util";
import type { Spec } from "./sketch/json";
import type { Scene } from "./sketch/scene";
import { specOf } from "./sketch/spec";
import { drawSvg } from "./sketch/svg";

/** The method under which a notebook kernel asks a value for what to draw: Deno's convention. */
export const display: unique symbol = Symbol.for("Jupyter.display");

/** What a notebook may show of one value: representations by MIME type, the reader picks the richest it knows. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/**
 * A drawing that a notebook shows, and that carries the same facts as text.
 *
 * In JupyterLab it is a Vega-Lite chart that follows the light and the dark theme; where no chart can be drawn
 * (nbconvert, GitHub) a static SVG in the light theme; in a terminal `text`.
 */
export interface Picture {
  /** The Vega-Lite specification, version 5. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** What the picture says, in lines of text: every address and every rule that is drawn. */
  readonly text: string;
  /** Draws the picture once, in the light theme, everything folded, as an SVG document. */
  svg(): Promise<string>;
  toString(): string;
  [display](): Promise<MimeBundle>;
}

class Drawing implements Picture {
  readonly scene: Scene;
  #spec: Spec | undefined;
  #svg: Promise<string> | undefined;

  constructor(
    scene: Scene,
    readonly text: string,
  ) {
    this.scene = scene;
  }

  get spec(): Spec {
    this.#spec ??= specOf(this.scene, "live");
    return this.#spec;
  }

  svg(): Promise<string> {
    this.#svg ??= drawSvg(specOf(this.scene, "still"));
    return this.#svg;
  }

  toString(): string {
    return this.text;
  }

  async [display](): Promise<MimeBundle> {
    return {
      "application/vnd.vegalite.v5+json": this.spec,
      "image/svg+xml": await this.svg(),
      "text/plain": this.text,
    };
  }

  [inspect.custom](): string {
    return this.text;
  }
}

/** A picture of a scene that is laid out, with the text that says the same. */
export function picture(scene: Scene, text: string): Picture {
  return new Drawing(scene, text);
}

/** A laid out scene, and the text that says the same. */
export interface Drawn {
  readonly scene: Scene;
  readonly text: string;
}

/** Whether a value is a picture of a scene. */
export function isDrawn(value: object): value is Picture & Drawn {
  return value instanceof Drawing;
}

/** The picture of a scene that was drawn before. */
export function pictureFrom({ scene, text }: Drawn): Picture & Drawn {
  return new Drawing(scene, text);
}
