import type { Action } from "../../../model/action";
import { quote } from "../../values/quote";
import type { Options } from "../extension";

/** A target that changes nothing the path depends on: its name and options as text. */
export const sideEffectTarget =
  (name: string) =>
  (options: Options): Action => ({ kind: "note", target: name, text: shown(options) });

/** Options as they read in a rule. */
const shown = (options: Options): string =>
  [...options]
    .map(([option, { inverted, values }]) =>
      [`${inverted ? "! " : ""}--${option}`, ...values.map(quote)].join(" "),
    )
    .join(" ");
