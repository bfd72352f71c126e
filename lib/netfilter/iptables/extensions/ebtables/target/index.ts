import type { Extension } from "../../extension";
import { arpreply } from "./arpreply";
import { dnat } from "./dnat";
import { mark } from "./mark";
import { redirect } from "./redirect";
import { snat } from "./snat";

/** Every target of ebtables, one file each. */
export const EBTABLES_TARGETS: readonly Extension[] = [arpreply, dnat, mark, redirect, snat];
