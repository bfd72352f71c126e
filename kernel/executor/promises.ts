import { inspect } from "node:util";

/** What Node writes on each promise while an async hook or an `AsyncLocalStorage` is on, by the symbols' descriptions. */
const MARKS = new Set(["async_id_symbol", "trigger_async_id_symbol", "kResourceStore"]);

/** Shows promises without Node's marks, as `Promise { <pending> }`, wherever they are inspected. */
export function hidePromiseMarks(): void {
  Object.defineProperty(Promise.prototype, inspect.custom, {
    configurable: true,
    writable: true,
    value(this: object): object {
      for (const symbol of Object.getOwnPropertySymbols(this)) {
        if (MARKS.has(symbol.description ?? "")) Object.defineProperty(this, symbol, { enumerable: false });
      }
      return this;
    },
  });
}

/** What a cell shows that ends in a promise: most often an `await` was forgotten. */
export function adviceFor(value: unknown): string {
  return value instanceof Promise ? "\nA promise: write await before it to see what it becomes." : "";
}
