import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../../kernel/setup/home";

/** Creates a folder below `.wirebook`, so that notebooks in it can resolve the library. */
export function notebookFolder(): string {
  mkdirSync(join(home, ".wirebook"), { recursive: true });
  return mkdtempSync(join(home, ".wirebook", "notebooks-"));
}

/** Writes a notebook for the Wirebook kernel with these code cells. */
export function writeNotebook(path: string, sources: readonly string[]): void {
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: "wirebook", display_name: "TypeScript (Wirebook)", language: "typescript" },
    },
    cells: sources.map((source, index) => ({
      cell_type: "code",
      id: `cell-${index}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    })),
  };
  writeFileSync(path, JSON.stringify(notebook));
}
