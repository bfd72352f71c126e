import type { Content } from "../wire/message";

/** The cells of this session, for `history_request`. */
export class History {
  readonly #entries: { readonly line: number; readonly code: string }[] = [];

  add(line: number, code: string): void {
    this.#entries.push({ line, code });
  }

  /** Answers a `tail`, `range` or `search` request. There is only one session, number 0. */
  answer(request: Content): Content {
    const { output } = request;
    const history = this.#select(request).map(({ line, code }) => [
      0,
      line,
      output === true ? [code, null] : code,
    ]);
    return { status: "ok", history };
  }

  #select({ hist_access_type: type, n, start, stop, pattern, unique }: Content) {
    const tail = typeof n === "number" ? -n || Number.POSITIVE_INFINITY : 0;
    if (type === "range") {
      const from = typeof start === "number" ? start : 1;
      const to = typeof stop === "number" ? stop : Number.POSITIVE_INFINITY;
      return this.#entries.filter(({ line }) => line >= from && line < to);
    }
    if (type === "search") {
      const glob = typeof pattern === "string" ? pattern : "*";
      const found = this.#entries.filter(({ code }) => matches(code, glob));
      const kept = unique === true ? [...new Map(found.map((entry) => [entry.code, entry])).values()] : found;
      return kept.slice(tail);
    }
    return this.#entries.slice(tail);
  }
}

/** Whether a shell pattern (`*` and `?`) matches a whole cell. */
function matches(code: string, glob: string): boolean {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "s").test(code);
}
