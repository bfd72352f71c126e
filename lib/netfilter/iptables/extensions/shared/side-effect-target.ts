import type { Action } from "../../../model/action";
import { quote } from "../../read/split-words";
import type { Options } from "../declare";

/** A target that changes nothing the path depends on: its name and options as text. */
export const note =
  (name: string) =>
  (options: Options): Action => ({ kind: "note", target: name, text: shown(options) });

/** Options as they read in a rule. */
export const shown = (options: Options): string =>
  [...options]
    .map(([option, { inverted, values }]) =>
      [`${inverted ? "! " : ""}--${option}`, ...values.map(quote)].join(" "),
    )
    .join(" ");
