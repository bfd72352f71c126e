import { WIDTH } from "../sketch/shapes";

/** The columns of a traversal, from the left, and its line heights. */
const INSET = 12;
export const HOOK = INSET;
export const RAIL = 120;
export const PILL_X = 134;
export const PILL_W = 74;
export const TEXT = 220;
export const RIGHT = WIDTH - INSET;
export const ROOM = RIGHT - TEXT - 8;
/** Maximum number of rules that a fold lists; the others are counted. */
export const LISTED = 12;
export const LINE = 16;
export const GAP = 8;
export const SMALL_LINE = 15;
