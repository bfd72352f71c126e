import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The fields of a notebook file that are used here. */
export interface ReadNotebook {
  readonly cells: readonly {
    readonly cell_type: string;
    readonly source: string | readonly string[];
    readonly metadata: { readonly tags?: readonly string[] };
    readonly outputs?: readonly { readonly data?: Readonly<Record<string, string | readonly string[]>> }[];
  }[];
}

/** A cell whose picture is shown in the README. */
export interface PictureCell {
  readonly picture: string;
  /** Headings above the cell; the closest one is last. */
  readonly headings: readonly string[];
  /** A hash of the chapter's code up to and including this cell, from which its picture is drawn. */
  readonly source: string;
  /** The SVG of its last run; `undefined` if it has not been executed. */
  readonly svg: string | undefined;
}

export function readNotebook(path: string): ReadNotebook {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Returns the Markdown headings of a notebook in order, without the `#` characters. */
export function headingsOf({ cells }: ReadNotebook): readonly string[] {
  return cells.flatMap((cell) => headingsIn(cell));
}

/** Returns the cells with a tag `picture-NAME`. */
export function pictureCells({ cells }: ReadNotebook): readonly PictureCell[] {
  const headings: string[] = [];
  const hash = createHash("sha256");
  return cells.flatMap((cell) => {
    headings.push(...headingsIn(cell));
    if (cell.cell_type === "code") hash.update(`${joined(cell.source)}\0`);
    const source = hash.copy().digest("hex").slice(0, 16);
    return (cell.metadata.tags ?? []).flatMap((tag) => {
      const picture = /^picture-(.+)$/.exec(tag)?.[1];
      return picture === undefined ? [] : [{ picture, headings: [...headings], source, svg: svgOf(cell) }];
    });
  });
}

/** The comment at the end of a saved picture, with the hash of its source. */
export const sourceComment = ({ source }: Pick<PictureCell, "source">): string => `<!-- source ${source} -->`;

type Cell = ReadNotebook["cells"][number];

function headingsIn(cell: Cell): readonly string[] {
  if (cell.cell_type !== "markdown") return [];
  return [...joined(cell.source).matchAll(/^#{1,6} (.+)$/gm)].map(([, words]) => words ?? "");
}

function svgOf({ outputs = [] }: Cell): string | undefined {
  const last = outputs.map(({ data }) => data?.["image/svg+xml"]).findLast((svg) => svg !== undefined);
  return last === undefined ? undefined : joined(last);
}

function joined(text: string | readonly string[]): string {
  return typeof text === "string" ? text : text.join("");
}
