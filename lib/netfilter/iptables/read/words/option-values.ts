import type { Context } from "../../context";
import type { OptionDeclaration } from "../../extensions/extension";
import { RuleSyntaxError } from "../../rule-syntax-error";
import type { WordCursor } from "./word-cursor";

/**
 * Reads the values that follow an extension's option, and moves past them.
 *
 * @param attached - the text after `=` in `--option=value`.
 */
export function readOptionValues(
  cursor: WordCursor,
  declaration: OptionDeclaration,
  attached: string | undefined,
  context: Context,
): string[] {
  const shown = `--${declaration.name}`;
  const { values: types, valueIfOmitted } = declaration;
  if (types.length === 0) {
    cursor.index++;
    if (attached !== undefined) throw new RuleSyntaxError(`${shown} takes no value`, `${shown} without "="`);
  } else if (attached !== undefined && valueIfOmitted !== undefined)
    throw new RuleSyntaxError(`${shown} takes no value after "="`, "a space before the value");
  return types.map((type, position) => {
    const last = position === types.length - 1;
    if (last && valueIfOmitted !== undefined && endsBeforeValue(cursor, position)) {
      if (position === 0) cursor.index++;
      return valueIfOmitted;
    }
    const word =
      position === 0 ? cursor.value(attached, shown) : nextValue(cursor, shown, types.length, type.expected);
    return cursor.aboutLastWord(() => type.read(word, context));
  });
}

/** Whether another option follows, or nothing, so that an optional value was left out. */
function endsBeforeValue(cursor: WordCursor, position: number): boolean {
  const next = cursor.words[cursor.index + (position === 0 ? 1 : 0)];
  return !next || next.text.startsWith("-") || next.text === "!";
}

function nextValue(cursor: WordCursor, option: string, count: number, what: string): string {
  const { word } = cursor;
  if (!word) throw new RuleSyntaxError(`${option} needs ${count} values`, what);
  cursor.index++;
  return word.text;
}
