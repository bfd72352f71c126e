import { text } from "../../values/text";
import { invertible, match } from "../declare";

/** Matches packets of connections that a conntrack helper expected (xt_helper.c). */
export const helper = match("helper", {
  options: [invertible("helper", text(29, true, 0), { required: true })],
});
