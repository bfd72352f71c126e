import type { Action } from "../../../model/action";
import { quote } from "../../values/quote";
import type { Options } from "../extension";

/**
 * The action of a target that neither ends the packet's path nor changes it, such as LOG. Its options are kept as
 * text.
 */
export const sideEffectTarget =
  (name: string) =>
  (options: Options): Action => ({ kind: "note", target: name, text: shown(options) });

/** The options as they are written in a rule. */
const shown = (options: Options): string =>
  [...options]
    .map(([option, { inverted, values }]) =>
      [`${inverted ? "! " : ""}--${option}`, ...values.map(quote)].join(" "),
    )
    .join(" ");
