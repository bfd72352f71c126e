/** Jupyter counts positions in Unicode code points, JavaScript in UTF-16 units. */
export function toUnits(text: string, points: number): number {
  let units = 0;
  let left = points;
  for (const point of text) {
    if (left-- <= 0) break;
    units += point.length;
  }
  return units;
}

/** The inverse of {@link toUnits}. */
export function toPoints(text: string, units: number): number {
  return [...text.slice(0, units)].length;
}
