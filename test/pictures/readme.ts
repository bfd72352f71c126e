import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type PictureCell, pictureCells, readNotebook, sourceComment } from "./cells";

/**
 * Keeps the pictures of the README: of every cell that bears a tag `picture-NAME`, the static SVG of what it drew when
 * the chapters ran last (`npm run chapters` leaves the executed notebooks in `.wirebook/reports`).
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

/** The picture of a cell in the executed notebook. It must have been drawn by the code that the chapter has now. */
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
