/** The lines around a place of a cell, with an arrow at the line and a caret below the column (both one-based). */
export function excerpt(source: string, line: number, column: number, width = 1): string[] {
  const lines = source.split("\n");
  const first = Math.max(1, line - 2);
  const last = Math.min(lines.length, line + 1);
  const gutter = String(last).length;
  const out: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = lines[number - 1] ?? "";
    out.push(`${number === line ? ">" : " "} ${String(number).padStart(gutter)} | ${text}`.trimEnd());
    if (number !== line) continue;
    const caret = "^".repeat(Math.max(1, Math.min(width, text.length - column + 1)));
    out.push(`  ${" ".repeat(gutter)} | ${text.slice(0, column - 1).replace(/[^\t]/g, " ")}${caret}`);
  }
  return out;
}
