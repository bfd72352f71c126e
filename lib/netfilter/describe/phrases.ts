export const hex = (value: number): string => `0x${value.toString(16)}`;

/** A mask of 32 ones. Descriptions leave it out. */
export const ALL = 0xffffffff;

/** Joins a list: `a`, `a or b`, `a, b or c`. */
export const oneOf = (list: readonly string[], word = "or"): string =>
  list.length < 2 ? (list[0] ?? "none") : `${list.slice(0, -1).join(", ")} ${word} ${list.at(-1)}`;

/** Names the directions of an ipset lookup: `source and destination`. */
export const sidesOf = (directions: readonly ("src" | "dst")[]): string =>
  oneOf(
    directions.map((each) => (each === "src" ? "source" : "destination")),
    "and",
  );
