import type { Extension } from "../extension";
import { CLASSIFY } from "./classify";
import { header } from "./header";
import { mangle } from "./mangle";
import { MARK } from "./mark";

/** The targets of arptables, and its only match, `header`, which has all its conditions. */
export const ARPTABLES_EXTENSIONS: readonly Extension[] = [header, mangle, MARK, CLASSIFY];
