/**
 * Returns the source lines around a position, with `>` at its line and carets below its columns.
 *
 * @param line - one-based.
 * @param column - one-based.
 * @param width - how many columns to mark; default: 1.
 */
export function codeFrame(source: string, line: number, column: number, width = 1): string[] {
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
