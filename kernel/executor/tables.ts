function columnsOf(rows: readonly object[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

function cellText(row: object, column: string): string {
  const value: unknown = Reflect.get(row, column);
  if (value === undefined) return "";
  return typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);
}

function escapeHtml(content: string): string {
  return content.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A table in HTML with a column for each property. */
export function htmlTable(rows: readonly object[]): string {
  const columns = columnsOf(rows);
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  const body = rows.map((each) =>
    row(
      columns.map((column) => cellText(each, column)),
      "td",
    ),
  );
  return `<table><thead>${row(columns, "th")}</thead><tbody>${body.join("")}</tbody></table>`;
}

/** The same table as text. */
export function plainTable(rows: readonly object[]): string {
  const columns = columnsOf(rows);
  const lines = [columns, ...rows.map((row) => columns.map((column) => cellText(row, column)))];
  const widths = columns.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Longer arrays are shown as other values are. */
const MAX_ROWS = 1_000;

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Whether a value is best shown as a table: an array of plain objects whose properties are not objects. */
export function isTable(value: unknown): value is readonly object[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ROWS) return false;
  return value.every(
    (row) =>
      isPlainObject(row) &&
      Object.keys(row).length > 0 &&
      Object.values(row).every(
        (cell) => cell === null || !["object", "function", "symbol"].includes(typeof cell),
      ),
  );
}
