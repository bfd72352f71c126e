import type { Extension } from "../extension";
import { CLASSIFY } from "./classify";
import { header } from "./header";
import { mangle } from "./mangle";
import { MARK } from "./mark";

/** The one match of arptables, which holds all its conditions, and its targets. */
export const ARPTABLES_EXTENSIONS: readonly Extension[] = [header, mangle, MARK, CLASSIFY];
