import { oneOf } from "../../values/list";
import { option } from "../declare";
import type { ParsedOption } from "../extension";

const END = oneOf(["ACCEPT", "DROP", "CONTINUE", "RETURN"]);

export const ending = (name: string, byDefault: string, silent = false) =>
  option(name, END, {
    byDefault: () => [byDefault],
    ...(silent ? { silent: (given: ParsedOption) => given.values[0] === byDefault } : {}),
  });
