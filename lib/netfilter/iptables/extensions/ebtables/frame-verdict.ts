import { oneOf } from "../../values/list";
import { option } from "../declare";
import type { ParsedOption } from "../extension";

const VERDICTS = oneOf(["ACCEPT", "DROP", "CONTINUE", "RETURN"]);

/**
 * The option that says what happens to the frame after the target.
 *
 * @param byDefault - the verdict if the option is not given.
 * @param silent - whether ebtables leaves the default out when it prints the rule.
 */
export const frameVerdict = (name: string, byDefault: string, silent = false) =>
  option(name, VERDICTS, {
    defaultValues: () => [byDefault],
    ...(silent ? { isOmitted: (given: ParsedOption) => given.values[0] === byDefault } : {}),
  });
