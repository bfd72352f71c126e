import { text } from "../../values/text";
import { match, option } from "../declare";

/** Counts the packet in a named accounting object (xt_nfacct.c). */
export const nfacct = match("nfacct", {
  options: [option("nfacct-name", text(31, false), { required: true })],
});
