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
      const found = this.#entries.filter(({ code }) => matchesPattern(code, glob));
      const kept = unique === true ? [...new Map(found.map((entry) => [entry.code, entry])).values()] : found;
      return kept.slice(tail);
    }
    return this.#entries.slice(tail);
  }
}

/**
 * Whether a shell pattern (`*` and `?`) matches a whole text. Goes back only to the last `*`, so many of them do
 * not take longer than one.
 */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  let afterStar: { readonly at: number; readonly next: number } | undefined;
  while (at < text.length) {
    if (pattern[next] === "*") {
      next++;
      afterStar = { at, next };
    } else if (next < pattern.length && (pattern[next] === "?" || pattern[next] === text[at])) {
      at++;
      next++;
    } else if (afterStar) {
      afterStar = { at: afterStar.at + 1, next: afterStar.next };
      ({ at, next } = afterStar);
    } else return false;
  }
  while (pattern[next] === "*") next++;
  return next === pattern.length;
}
