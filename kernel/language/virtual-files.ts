import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { System } from "typescript-classic";
import { BUNDLED_PACKAGES, bundledPackageFolder } from "./bundled-packages";

/** Returns the folder that contains `@types/node`, resolved from the kernel's own package. */
export function nodeTypeRoot(): string {
  return path.dirname(path.dirname(createRequire(__filename).resolve("@types/node/package.json")));
}

function resolvesFrom(folder: string, name: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, "node_modules", name, "package.json"))) return true;
    if (at === path.dirname(at)) return false;
  }
}

/** The declarations that every cell has without an import. */
const CELL_GLOBALS = `
/**
 * Shows a value below the cell before the cell has ended.
 *
 * @param options.id - a name for this output.
 * @param options.update - replaces the output with this id, if there is one. Otherwise shows a new output.
 */
declare function display(value: unknown, options?: { id?: string; update?: boolean }): Promise<void>;
declare namespace display {
  /**
   * Removes the output of the cell.
   *
   * @param wait - keeps the output until there is new output, which avoids flicker; default: false.
   */
  function clear(wait?: boolean): void;
  /** \`alt\` describes an image to people who cannot see it. */
  interface Options { id?: string; update?: boolean; alt?: string }
  function html(content: string, options?: Options): Promise<void>;
  function markdown(content: string, options?: Options): Promise<void>;
  function latex(content: string, options?: Options): Promise<void>;
  function mermaid(content: string, options?: Options): Promise<void>;
  function svg(content: string, options?: Options): Promise<void>;
  /** Shows a PNG image, given as bytes or as base64. */
  function png(content: Uint8Array | string, options?: Options): Promise<void>;
  function json(content: object, options?: Options): Promise<void>;
  function vega(spec: object, options?: Options): Promise<void>;
  function vegaLite(spec: object, options?: Options): Promise<void>;
  /** Shows an array of objects as a table, with a column for each property. */
  function table(rows: readonly object[], options?: Options): Promise<void>;
}

declare namespace Deno {
  /** The part of Deno's kernel that cells can use here. */
  namespace jupyter {
    const $display: unique symbol;
    function html(strings: TemplateStringsArray, ...values: unknown[]): object;
    function md(strings: TemplateStringsArray, ...values: unknown[]): object;
    function svg(strings: TemplateStringsArray, ...values: unknown[]): object;
    function image(pathOrBytes: string | Uint8Array): object;
    function display(value: unknown, options?: { raw?: boolean; update?: boolean; display_id?: string }): Promise<void>;
    function broadcast(type: string, content: object, options?: { metadata?: object }): Promise<void>;
  }
}

/**
 * Asks the user for a line of text and waits for it.
 *
 * @param message - shown in front of the input; default: "Prompt".
 * @param defaultValue - the result when the user enters nothing; default: "".
 * @throws StdinNotAvailable when the front end does not accept input.
 */
declare function prompt(message?: string, defaultValue?: string): string;
declare namespace prompt {
  /** Asks the user for a password, which the front end does not show, and waits for it. */
  function password(message?: string): string;
}

/** Asks the user a question and waits for the answer. The result is true for "y" and "yes". */
declare function confirm(message?: string): boolean;
`;

/**
 * Changes the file system that the compiler sees: the bundled packages appear in the notebook's
 * `node_modules`, and a virtual file declares the globals of cells.
 *
 * @returns the path of that virtual file.
 */
export function mountPackages(system: System, folder: string): { readonly globalsFile: string } {
  const globalsFile = path.posix.join(folder, "__cell__.d.ts");
  const mounts = BUNDLED_PACKAGES.flatMap((name) => {
    const source = resolvesFrom(folder, name) ? undefined : bundledPackageFolder(name);
    return source ? [{ target: path.posix.join(folder, "node_modules", name), source }] : [];
  });
  const locate = (file: string): string => {
    const mount = mounts.find(({ target }) => file === target || file.startsWith(`${target}/`));
    return mount ? mount.source + file.slice(mount.target.length) : file;
  };
  const { fileExists, readFile, directoryExists, realpath } = system;
  system.fileExists = (file) => file === globalsFile || fileExists.call(system, locate(file));
  system.readFile = (file, encoding) =>
    file === globalsFile ? CELL_GLOBALS : readFile.call(system, locate(file), encoding);
  system.directoryExists = (file) => directoryExists.call(system, locate(file));
  if (realpath) system.realpath = (file) => realpath.call(system, locate(file));
  return { globalsFile };
}
