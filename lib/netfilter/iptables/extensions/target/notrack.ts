import { target } from "../declare";

/** Keeps conntrack from tracking the packet. An older form of `-j CT --notrack` (xt_CT.c). */
export const NOTRACK = target("NOTRACK", {
  tables: ["raw"],
  toAction: () => ({ kind: "notrack" }),
});
