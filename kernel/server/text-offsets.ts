/** Converts an offset in Unicode code points, as Jupyter counts, to one in UTF-16 code units, as JavaScript counts. */
export function toUtf16Offset(text: string, points: number): number {
  let units = 0;
  let left = points;
  for (const point of text) {
    if (left-- <= 0) break;
    units += point.length;
  }
  return units;
}

/** The inverse of {@link toUtf16Offset}. */
export function toCodePointOffset(text: string, units: number): number {
  return [...text.slice(0, units)].length;
}
