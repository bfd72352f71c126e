import { display } from "../display";
import type { Spec } from "./sketch/json";
import type { Scene } from "./sketch/scene";
import { specOf } from "./sketch/spec";
import { drawSvg } from "./sketch/svg";

/**
 * Representations of one value by MIME type. The front end shows the richest one that it supports.
 *
 * @example
 * import type { MimeBundle } from "wirebook";
 *
 * const bundle: MimeBundle = { "text/plain": "2 nodes", "text/markdown": "**2** nodes" };
 */
export type MimeBundle = Readonly<Record<string, unknown>>;

/**
 * A drawing for notebooks, with a text that contains the same facts.
 *
 * JupyterLab shows a Vega-Lite chart that follows the light or dark theme. Front ends without Vega-Lite (nbconvert,
 * GitHub) show a static SVG in the light theme. A terminal shows `text`.
 *
 * @example
 * import { type Picture, topologyPicture } from "wirebook";
 *
 * const picture: Picture = topologyPicture({ name: "empty", places: [] });
 * const svg = await picture.svg();
 * console.log(svg.startsWith("<svg"), picture.text);
 */
export interface Picture {
  /** The Vega-Lite specification, version 5. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** The content of the picture as lines of text: every address and every rule. */
  readonly text: string;
  /** Renders a static SVG document in the light theme, with all folds closed. */
  svg(): Promise<string>;
  toString(): string;
  [display](): Promise<MimeBundle>;
}

// What console.log of Node and Deno calls: util.inspect.custom, by its registered name.
const inspect = Symbol.for("nodejs.util.inspect.custom");

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

  [inspect](): string {
    return this.text;
  }
}

/** Creates a picture from a laid-out scene and a text with the same content. */
export function picture(scene: Scene, text: string): Picture {
  return new Drawing(scene, text);
}

/** A laid-out scene, and a text with the same content. */
export interface Drawn {
  readonly scene: Scene;
  readonly text: string;
}

/** Returns whether a value is a picture with its scene. */
export function isDrawn(value: object): value is Picture & Drawn {
  return value instanceof Drawing;
}

/** Recreates a picture from its scene and text. */
export function pictureFrom({ scene, text }: Drawn): Picture & Drawn {
  return new Drawing(scene, text);
}
