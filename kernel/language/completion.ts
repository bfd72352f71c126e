import type * as ts from "typescript-classic";
import type { Completions } from "./engine";
import { MODULE_PREFIX, type NotebookProgram } from "./notebook-program";

const PREFERENCES: ts.GetCompletionsAtPositionOptions = {
  includeCompletionsWithInsertText: false,
  includeCompletionsForModuleExports: false,
};

/** Returns the range of the name around a position. */
function nameAround(code: string, position: number): { start: number; end: number } {
  const before = /[\p{ID_Continue}$#]*$/u.exec(code.slice(0, position))?.[0] ?? "";
  const after = /^[\p{ID_Continue}$]*/u.exec(code.slice(position))?.[0] ?? "";
  return { start: position - before.length, end: position + after.length };
}

/** A name that a cell can import from a package. */
export interface Importable {
  readonly package: string;
  readonly kind: string;
}

interface Entry {
  readonly kind: string;
  readonly sortText: string;
  readonly importable?: boolean;
}

/** How well a name matches what was typed: 0 is best. Undefined when it does not match. */
function rank(name: string, typed: string): number | undefined {
  if (name.startsWith(typed)) return 0;
  const [lowerName, lowerTyped] = [name.toLowerCase(), typed.toLowerCase()];
  if (lowerName.startsWith(lowerTyped)) return 1;
  return lowerName.includes(lowerTyped) ? 2 : undefined;
}

/**
 * Completes the name at a position.
 *
 * @param importable - names that are suggested although the notebook has not imported them yet. If such a name is
 * the only match, its import is added, too.
 */
export function completeName(
  { service, cellFile }: NotebookProgram,
  code: string,
  position: number,
  importable: ReadonlyMap<string, Importable>,
): Completions {
  const { start, end } = nameAround(code, position);
  const typed = code.slice(start, end);
  const info = service.getCompletionsAtPosition(cellFile, position + MODULE_PREFIX.length, PREFERENCES);
  // In a text such as an import's path, TypeScript knows what its completions replace.
  const replaced = info?.optionalReplacementSpan;
  const range =
    replaced && !info.isMemberCompletion && !info.isGlobalCompletion
      ? {
          start: replaced.start - MODULE_PREFIX.length,
          end: replaced.start - MODULE_PREFIX.length + replaced.length,
        }
      : { start, end };
  const entries = new Map<string, Entry>(
    info?.entries.map(({ name, kind, sortText }) => [name, { kind, sortText }]),
  );
  const isName = info?.isGlobalCompletion || /\bnew\s+$/.test(code.slice(0, start));
  const others = isName && typed !== "" ? importable : new Map<string, Importable>();
  for (const [name, { kind }] of others)
    if (!entries.has(name) && name.startsWith(typed))
      entries.set(name, { kind, sortText: "16", importable: true });
  const matches = [...entries]
    .flatMap(([name, { kind, sortText }]) => {
      const quality = rank(name, typed);
      return quality === undefined
        ? []
        : [{ text: name, kind: completionKind(kind), order: `${quality}${sortText}` }];
    })
    .sort((a, b) => compare(a.order, b.order) || (typed === "" ? compare(a.text, b.text) : 0));
  const [only, ...more] = matches;
  const added = only && more.length === 0 ? others.get(only.text) : undefined;
  if (only && added && entries.get(only.text)?.importable) {
    const text = `import { ${only.text} } from "${added.package}";\n${code.slice(0, range.start)}${only.text}`;
    return { start: 0, end: range.end, matches: [{ text, kind: only.kind }] };
  }
  return { ...range, matches: matches.map(({ text, kind }) => ({ text, kind })) };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** TypeScript's kinds of names as Jupyter's. */
function completionKind(kind: string): string {
  switch (kind) {
    case "var":
    case "let":
    case "const":
    case "using":
    case "await using":
    case "local var":
    case "parameter":
    case "alias":
      return "variable";
    case "local function":
      return "function";
    case "local class":
      return "class";
    case "getter":
    case "setter":
    case "accessor":
      return "property";
    case "external module name":
      return "module";
    default:
      return kind;
  }
}
