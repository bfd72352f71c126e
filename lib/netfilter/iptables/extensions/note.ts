import type { Action } from "../../model/action";
import type { Options } from "../declare";
import { quote } from "../words";

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
