import type { Block } from "./block";

export const GAP = 20;

/** One unit of the layout: its preferred width, how far it can grow, and its drawing function. */
export interface Unit {
  readonly preferredWidth: number;
  readonly grows: boolean;
  readonly draw: (width: number) => Block;
}

export interface Placed {
  readonly unit: Unit & { readonly names: readonly string[] };
  readonly width: number;
}

/** Packs units into rows of at most `width` pixels. Frames share the remaining width of their row. */
export function pack(units: readonly Placed["unit"][], width: number): readonly (readonly Placed[])[] {
  const rows: { unit: Placed["unit"]; width: number }[][] = [];
  let used = 0;
  for (const unit of units) {
    const wanted = Math.min(width, unit.preferredWidth);
    const row = rows.at(-1);
    if (row !== undefined && used + GAP + wanted <= width) {
      row.push({ unit, width: wanted });
      used += GAP + wanted;
    } else {
      rows.push([{ unit, width: wanted }]);
      used = wanted;
    }
  }
  return rows.map((row) => {
    const total = row.reduce((sum, one) => sum + one.width, 0) + GAP * (row.length - 1);
    const growing = row.filter(({ unit }) => unit.grows).length;
    const share = growing === 0 ? 0 : Math.floor((width - total) / growing);
    return row.map(({ unit, width: own }) => ({ unit, width: own + (unit.grows ? share : 0) }));
  });
}
