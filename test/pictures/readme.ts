import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pictureCells, readNotebook } from "./cells";

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
  for (const { picture } of pictureCells(readNotebook(join(chapters, name)))) {
    const svg = drawn(join(reports, name), picture);
    writeFileSync(join(pictures, `${picture}.svg`), `${svg}\n`);
    console.log(`${basename(name, ".ipynb")}: ${picture}.svg, ${Math.ceil(svg.length / 1000)} kB`);
  }
}

/** The picture of that name in a notebook that was executed. */
function drawn(report: string, picture: string): string {
  if (!existsSync(report))
    throw new Error(`REPORT_MISSING  ${report}: run the chapter first: npm run pictures`);
  const svg = pictureCells(readNotebook(report)).find((cell) => cell.picture === picture)?.svg;
  if (svg === undefined) throw new Error(`PICTURE_MISSING  ${report}: the cell of ${picture} drew nothing`);
  return svg;
}
