import type { Problem } from "../../model/problem";

type SectionProblem = Pick<Problem, "code" | "message" | "expected" | "advice">;

/** Checks that the lines of a dump stand between `*TABLE` and `COMMIT`. */
export class TableSections {
  readonly #report: (line: number, problem: SectionProblem) => void;
  /** arptables-save and ebtables-save write no COMMIT. */
  readonly #needsCommit: boolean;
  /** The table that no COMMIT has ended yet. */
  #open: string | undefined;
  readonly #committed = new Set<string>();
  #sawTable = false;
  /** Command lines before the first table. */
  readonly #beforeTables: number[] = [];

  /** @param report - receives each problem with the number of its line. */
  constructor(needsCommit: boolean, report: (line: number, problem: SectionProblem) => void) {
    this.#needsCommit = needsCommit;
    this.#report = report;
  }

  /** `*TABLE` */
  start(line: number, name: string): void {
    if (this.#open !== undefined && this.#needsCommit)
      this.#report(line, {
        code: "COMMIT_MISSING",
        message: `table ${name} starts before table ${this.#open} is committed`,
        expected: "COMMIT",
      });
    if (this.#committed.delete(name))
      this.#report(line, {
        code: "TABLE_MISPLACED",
        message: `table ${name} is here a second time`,
        expected: "each table once",
        advice:
          "iptables-restore empties the table here, and its rules above are lost. Save each dump in a file of its own.",
      });
    this.#reportBeforeTables();
    this.#open = name;
    this.#sawTable = true;
  }

  /** `COMMIT` */
  commit(line: number): void {
    this.#reportBeforeTables();
    if (this.#open === undefined)
      this.#report(line, {
        code: "TABLE_MISPLACED",
        message: "COMMIT outside a table",
        expected: "*TABLE before it",
      });
    else this.#committed.add(this.#open);
    this.#open = undefined;
  }

  /**
   * A command line. `iptables -S` prints rules and policies without a table, so they are an error only if a table or a
   * COMMIT follows.
   */
  command(line: number, isChainDeclaration: boolean): void {
    if (this.#open !== undefined) return;
    if (this.#sawTable || isChainDeclaration) this.#outside(line);
    else this.#beforeTables.push(line);
  }

  /** Whether the last table lacks its COMMIT. */
  get uncommitted(): boolean {
    return this.#open !== undefined && this.#needsCommit;
  }

  #reportBeforeTables(): void {
    for (const line of this.#beforeTables.splice(0)) this.#outside(line);
  }

  #outside(line: number): void {
    this.#report(line, {
      code: "TABLE_MISPLACED",
      message: "this line is outside a table",
      expected: "*TABLE before it",
    });
  }
}
