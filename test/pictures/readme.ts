import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type PictureCell, pictureCells, readNotebook, sourceComment } from "./cells";

/**
 * Saves the pictures of the README: the static SVG of every cell with a tag `picture-NAME`, from the last run of the
 * chapters. (`npm run chapters` writes the executed notebooks to `.wirebook/reports`.)
 */
const home = join(__dirname, "..", "..");
const chapters = join(home, "notebooks");
const reports = join(home, ".wirebook", "reports");
const pictures = join(chapters, "pictures");

mkdirSync(pictures, { recursive: true });
for (const name of readdirSync(chapters).filter((file) => file.endsWith(".ipynb"))) {
  for (const cell of pictureCells(readNotebook(join(chapters, name)))) {
    const { picture } = cell;
    const svg = drawn(join(reports, name), cell).replace(/<\/svg>\s*$/, `${sourceComment(cell)}</svg>`);
    writeFileSync(join(pictures, `${picture}.svg`), `${svg}\n`);
    console.log(`${basename(name, ".ipynb")}: ${picture}.svg, ${Math.ceil(svg.length / 1000)} kB`);
  }
}

/** Returns the picture of a cell from the executed notebook. Throws if the chapter's code has changed since. */
function drawn(report: string, { picture, source }: PictureCell): string {
  if (!existsSync(report))
    throw new Error(`REPORT_MISSING  ${report}: run the chapter first: npm run pictures`);
  const cell = pictureCells(readNotebook(report)).find((each) => each.picture === picture);
  if (cell !== undefined && cell.source !== source)
    throw new Error(`REPORT_OUTDATED  ${report}: the chapter has changed since: npm run pictures`);
  const svg = cell?.svg;
  if (svg === undefined) throw new Error(`PICTURE_MISSING  ${report}: the cell of ${picture} drew nothing`);
  return svg;
}
