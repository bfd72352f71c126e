import { member } from "./recorded-classes";

const targets = new WeakMap<object, object>();

/** Handles the uses of a live object. */
export interface MembraneHandler {
  /** Called for a method call. */
  call(name: string | symbol, args: readonly unknown[]): unknown;
  /** Called for a read of a property. */
  read(name: string): unknown;
}

/**
 * Returns a proxy of `target` that passes all uses to `handler`: method calls to `call`, everything else to `read`.
 * `instanceof` works as for `target`.
 */
export function membrane<Target extends object>(
  target: Target,
  handler: MembraneHandler,
  isMethod: (name: string | symbol) => boolean,
): Target {
  const methods = new Map<string | symbol, (...args: unknown[]) => unknown>();
  const standIn = new Proxy(target, {
    get(_, name) {
      if (name === "constructor") return target.constructor;
      if (isMethod(name)) {
        const known = methods.get(name) ?? ((...args: unknown[]): unknown => handler.call(name, args));
        methods.set(name, known);
        return known;
      }
      if (name in Object.prototype) return Reflect.get(Object.prototype, name);
      // `await` reads `then`, which no live object has. The runtime reads symbols, for example to convert or iterate.
      if (typeof name === "symbol" || name === "then") return undefined;
      return handler.read(name);
    },
    set: () => false,
  });
  targets.set(standIn, target);
  return standIn;
}

/** Returns true if an object has a method with this name. Calls no getters. */
export function isMethodOf(object: object, name: string | symbol): boolean {
  return typeof member(object, name)?.value === "function";
}

/** Returns the target of a membrane; undefined for other objects. */
export function targetOf(value: object): object | undefined {
  return targets.get(value);
}

/**
 * Returns a value with all membranes replaced by their targets, also in arrays, maps and plain objects. Replaces each
 * function by the result of `callback`, which gets the function and its number.
 */
export function unwrapped(
  value: unknown,
  callback: (call: (...args: unknown[]) => unknown, index: number) => unknown,
): unknown {
  let functions = 0;
  const inside = (each: unknown): unknown => {
    if (typeof each === "function") {
      const call = each;
      functions += 1;
      return callback((...args) => Reflect.apply(call, undefined, args), functions - 1);
    }
    if (typeof each !== "object" || each === null) return each;
    const target = targetOf(each);
    if (target) return target;
    if (Array.isArray(each)) return "raw" in each ? each : each.map(inside);
    if (each instanceof Map) return new Map([...each].map(([key, held]) => [inside(key), inside(held)]));
    const prototype: unknown = Object.getPrototypeOf(each);
    if (prototype !== Object.prototype && prototype !== null) return each;
    return Object.fromEntries(Object.entries(each).map(([key, held]) => [key, inside(held)]));
  };
  return inside(value);
}
