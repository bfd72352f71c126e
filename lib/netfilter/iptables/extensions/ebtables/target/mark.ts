import { hex32 } from "../../../values/mark";
import { option, target } from "../../declare";
import { frameVerdict } from "../frame-verdict";

const MARK_FORMS = ["mark-set", "mark-or", "mark-and", "mark-xor"];

/** Sets the mark of the frame (ebt_mark.c). */
export const mark = target("mark", {
  families: ["bridge"],
  oneOf: MARK_FORMS,
  options: [
    ...MARK_FORMS.map((name) =>
      option(name, hex32, {
        excludes: MARK_FORMS.filter((each) => each !== name),
        ...(name === "mark-set" ? { aliases: ["set-mark"] } : {}),
      }),
    ),
    frameVerdict("mark-target", "ACCEPT"),
  ],
});
