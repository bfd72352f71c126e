import { text } from "../../values/text";
import { match, option } from "../declare";
import { first } from "../option-values";

/** Attaches a comment to a rule. Matches every packet (xt_comment.c). */
export const comment = match("comment", {
  options: [option("comment", text(255, true, 0), { required: true })],
  toMatches: (options) => [{ kind: "comment", text: first(options, "comment") }],
});
