/**
 * Estimates the width of text without a browser: the widths of DejaVu Sans in thousandths of the font size. It is the
 * widest of the fonts that JupyterLab's `--jp-ui-font-family` and `--jp-code-font-family` resolve to, so text in other
 * fonts always fits.
 */
const REGULAR = [
  318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636,
  636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295,
  295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838,
  500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521,
  392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];
const BOLD = [
  348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696,
  696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683, 683, 821, 837, 372,
  372, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838,
  500, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687, 716, 716, 493, 595,
  478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
];
const MONO = 602;
const FIRST = 32;
/** Most arrows, glyphs and letters beyond ASCII are 838 wide; ideographs and emoji are at least one em wide. */
const NARROW: Readonly<Record<string, number>> = { "·": 380, "–": 500, "▸": 502, "▾": 502, "²": 438 };
const BEYOND = 838;
const WIDE = 1100;

export const SANS =
  "var(--jp-ui-font-family, system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif)";
export const CODE = "var(--jp-code-font-family, Menlo, Consolas, 'DejaVu Sans Mono', monospace)";
export const SANS_STILL = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif";
export const CODE_STILL = "Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** The roles of text; each has a fixed size and weight. The smallest size is 10.5 px. */
export const ROLES = {
  title: { size: 15, bold: true, code: false },
  subtitle: { size: 12.5, bold: false, code: false },
  head: { size: 12.5, bold: true, code: false },
  label: { size: 11.5, bold: true, code: false },
  body: { size: 11.5, bold: false, code: false },
  small: { size: 10.5, bold: false, code: false },
  smallBold: { size: 10.5, bold: true, code: false },
  code: { size: 11.5, bold: false, code: true },
  codeBold: { size: 11.5, bold: true, code: true },
  codeSmall: { size: 10.5, bold: false, code: true },
  codeSmallBold: { size: 10.5, bold: true, code: true },
} as const satisfies Readonly<Record<string, { size: number; bold: boolean; code: boolean }>>;

export type Role = keyof typeof ROLES;

/** Returns the width of one line of text in pixels, rounded up to a tenth. */
export function textWidth(text: string, role: Role): number {
  let thousandths = 0;
  for (const character of text) thousandths += advance(character, role);
  return pixels(thousandths, role);
}

function pixels(thousandths: number, role: Role): number {
  return Math.ceil((thousandths * ROLES[role].size) / 100) / 10;
}

/** Returns the width of one character in thousandths of the font size. */
function advance(character: string, role: Role): number {
  const { bold, code } = ROLES[role];
  const point = character.codePointAt(0) ?? FIRST;
  if (point >= 0x1100 && !(point >= 0x2000 && point < 0x2e80)) return WIDE;
  return code ? MONO : ((bold ? BOLD : REGULAR)[point - FIRST] ?? NARROW[character] ?? BEYOND);
}

/** Returns the text, truncated with `…` if it is wider than `room` pixels. */
export function elide(text: string, role: Role, room: number): string {
  // Finds in one pass how much fits with the ellipsis, and whether the whole text fits.
  let thousandths = advance("…", role);
  let cut = 0;
  let at = 0;
  const dots = thousandths;
  for (const character of text) {
    thousandths += advance(character, role);
    at += character.length;
    if (pixels(thousandths, role) <= room) cut = at;
    else if (pixels(thousandths - dots, role) > room) return `${text.slice(0, cut).trimEnd()}…`;
  }
  return text;
}

/**
 * Wraps the text into at most `lines` lines of `room` pixels. Breaks at spaces (preferably before an option such as
 * `-j` or `--dport`), and inside a word only if the word alone is too wide. Truncates the last line with `…`.
 */
export function wrap(text: string, role: Role, room: number, lines = 2): readonly string[] {
  const out: string[] = [];
  let rest = text.trim();
  while (rest !== "") {
    if (out.length === lines - 1 || textWidth(rest, role) <= room) {
      out.push(elide(rest, role, room));
      break;
    }
    const cut = breakAt(rest, role, room);
    out.push(rest.slice(0, cut).trimEnd());
    rest = rest.slice(cut).trimStart();
  }
  return out.length === 0 ? [""] : out;
}

function breakAt(text: string, role: Role, room: number): number {
  let fits = 0;
  let width = 0;
  for (const character of text) {
    width += textWidth(character, role);
    if (width > room) break;
    fits += character.length;
  }
  fits = Math.max(fits, 1);
  const space = text.lastIndexOf(" ", fits);
  const option = text.lastIndexOf(" -", fits);
  if (option > fits * 0.6) return option;
  return space > fits * 0.35 ? space : fits;
}
