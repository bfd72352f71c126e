import { type Change, type Diff, diffSnapshots } from "../inspect/diff";
import type { Snapshot } from "../inspect/snapshot";

const display = Symbol.for("Jupyter.display");

/** What an action changed in the places of a lab, and what the action returned. Drawn as the value of a cell. */
export class LabDiff<Result> implements Diff {
  readonly before: readonly Snapshot[];
  readonly after: readonly Snapshot[];
  readonly changes: readonly Change[];
  /** What the action returned. */
  readonly result: Result;

  constructor(before: readonly Snapshot[], after: readonly Snapshot[], result: Result) {
    const diff = diffSnapshots(before, after);
    this.before = diff.before;
    this.after = diff.after;
    this.changes = diff.changes;
    this.result = result;
  }

  /** The changes, a line each, under the name of their place. */
  toString(): string {
    if (this.changes.length === 0) return "nothing changed";
    const places = [...new Set(this.changes.map(({ place }) => place))];
    return places
      .map((place) => [place, ...this.changes.filter((each) => each.place === place).map(line)].join("\n"))
      .join("\n");
  }

  async [display](): Promise<Readonly<Record<string, unknown>>> {
    return { "text/plain": this.toString() };
  }
}

const signs = { added: "+", removed: "-", changed: "~" } as const;

function line({ subject, change, text, was, table }: Change): string {
  const where = table === undefined ? subject : `${subject} in ${table}`;
  return `  ${signs[change]} ${where}: ${text}${was === undefined ? "" : ` (was: ${was})`}`;
}
