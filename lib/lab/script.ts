/** A shell script and its positional parameters: `sh -c script sh args…`. */
export interface Script {
  readonly text: string;
  readonly args: readonly string[];
}

/** What may stand in `${…}` of a script; a list becomes one word for each entry. */
export type ScriptValue = string | number | bigint | boolean | readonly (string | number)[];

/**
 * Joins a template to a script in which every value is a positional parameter: `curl http://${name}/` becomes
 * `curl http://"${1}"/` with `name` as `$1`. No value can end a quote or start a command, whatever it holds.
 *
 * Rule: POSIX shell, 2.2 Quoting. Inside double quotes the parameter stands bare, inside single quotes they are
 * closed and opened again around it.
 */
export function joinScript(strings: readonly string[], values: readonly ScriptValue[]): Script {
  const args: string[] = [];
  let text = "";
  let quote: Quote = "none";
  strings.forEach((part, index) => {
    quote = quoteAfter(part, quote);
    text += part;
    const value = values[index];
    if (value === undefined) return;
    const words = isList(value) ? value.map(String) : [String(value)];
    const parameters = words.map((word) => `\${${args.push(word)}}`);
    text += quoted(parameters, quote);
  });
  return { text, args };
}

type Quote = "none" | "single" | "double";

function quoted(parameters: readonly string[], quote: Quote): string {
  if (quote === "double") return parameters.join(" ");
  const words = parameters.map((parameter) => `"${parameter}"`).join(" ");
  return quote === "single" ? `'${words}'` : words;
}

function quoteAfter(text: string, before: Quote): Quote {
  let quote = before;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quote === "single") {
      if (char === "'") quote = "none";
    } else if (char === "\\") at++;
    else if (char === '"') quote = quote === "double" ? "none" : "double";
    else if (char === "'" && quote === "none") quote = "single";
  }
  return quote;
}

function isList(value: ScriptValue): value is readonly (string | number)[] {
  return Array.isArray(value);
}
