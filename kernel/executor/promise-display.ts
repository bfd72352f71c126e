import { inspect } from "node:util";

/** The properties that Node sets on promises while an async hook is active, by the symbols' descriptions. */
const INTERNAL_SYMBOLS = new Set(["async_id_symbol", "trigger_async_id_symbol", "kResourceStore"]);

/** Makes `util.inspect` show a promise as `Promise { <pending> }`, without Node's internal properties. */
export function hidePromiseSymbols(): void {
  Object.defineProperty(Promise.prototype, inspect.custom, {
    configurable: true,
    writable: true,
    value(this: object): object {
      for (const symbol of Object.getOwnPropertySymbols(this)) {
        if (INTERNAL_SYMBOLS.has(symbol.description ?? ""))
          Object.defineProperty(this, symbol, { enumerable: false });
      }
      return this;
    },
  });
}

/** A hint for a cell whose result is a promise, which usually means that an `await` is missing. */
export function promiseHint(value: unknown): string {
  return value instanceof Promise ? "\nThis is a promise. Write await before it to get its value." : "";
}
