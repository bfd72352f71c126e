import * as ts from "typescript-classic";
import type { QuickInfo } from "./engine";
import { MODULE_PREFIX, type NotebookProgram } from "./notebook-program";

const text = (parts: readonly ts.SymbolDisplayPart[] | undefined) =>
  ts.displayPartsToString([...(parts ?? [])]);

/** Describes the name at a position, or the function whose arguments contain the position. */
export function describeAt(
  { service, cellFile }: NotebookProgram,
  code: string,
  position: number,
): QuickInfo | undefined {
  for (const at of [position, position - 1]) {
    if (at < 0 || !/[\w$\u0080-\uffff]/.test(code[at] ?? code[at - 1] ?? "")) continue;
    const info = service.getQuickInfoAtPosition(cellFile, at + MODULE_PREFIX.length);
    // For an unknown name, TypeScript returns only `any`. For a declared one, it returns the declaration: `const x: any`.
    if (!info || text(info.displayParts) === "any") continue;
    return {
      signature: text(info.displayParts),
      documentation: text(info.documentation),
      tags: (info.tags ?? []).map((tag) => ({ name: tag.name, text: text(tag.text) })),
    };
  }
  return describeCall(service, cellFile, position);
}

/** Describes the function that is called around a position, with all of its signatures, and the argument there. */
function describeCall(
  service: ts.LanguageService,
  cellFile: string,
  position: number,
): QuickInfo | undefined {
  const help = service.getSignatureHelpItems(cellFile, position + MODULE_PREFIX.length, undefined);
  const chosen = help?.items[help.selectedItemIndex];
  if (!help || !chosen) return undefined;
  const callee = service.getQuickInfoAtPosition(cellFile, help.applicableSpan.start - 2);
  const signatures = [chosen, ...help.items.filter((item) => item !== chosen)].map(signatureOf);
  const [only, ...others] = signatures;
  const argument = chosen.parameters[help.argumentIndex];
  const described = argument && `Argument ${help.argumentIndex + 1}: ${text(argument.displayParts)}`;
  const documentation = text(argument?.documentation);
  return {
    signature: others.length === 0 && callee ? text(callee.displayParts) : [only, ...others].join("\n"),
    documentation: [
      described && documentation ? `${described} - ${documentation.replace(/^- /, "")}` : described,
      text(chosen.documentation),
    ]
      .filter(Boolean)
      .join("\n\n"),
    tags: chosen.tags.map((tag) => ({ name: tag.name, text: text(tag.text) })),
  };
}

function signatureOf(item: ts.SignatureHelpItem): string {
  const parameters = item.parameters.map(({ displayParts }) => text(displayParts));
  return (
    text(item.prefixDisplayParts) +
    parameters.join(text(item.separatorDisplayParts)) +
    text(item.suffixDisplayParts)
  );
}
