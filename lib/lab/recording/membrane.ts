import { member } from "./recorded-classes";

const targets = new WeakMap<object, object>();

/** What asks a live object from outside. */
export interface Asking {
  /** A method is called. */
  call(name: string | symbol, args: readonly unknown[]): unknown;
  /** A property is read. */
  read(name: string): unknown;
}

/**
 * An object that looks like `target`, also to `instanceof`, and has `asking` answer for it. What its class gives is
 * told apart from what it is asked: methods are called, everything else is read.
 */
export function membrane<Target extends object>(
  target: Target,
  asking: Asking,
  isMethod: (name: string | symbol) => boolean,
): Target {
  const methods = new Map<string | symbol, (...args: unknown[]) => unknown>();
  const standIn = new Proxy(target, {
    get(_, name) {
      if (name === "constructor") return target.constructor;
      if (isMethod(name)) {
        const known = methods.get(name) ?? ((...args: unknown[]): unknown => asking.call(name, args));
        methods.set(name, known);
        return known;
      }
      if (name in Object.prototype) return Reflect.get(Object.prototype, name);
      // A promise is awaited by its `then`, which no live object has; a symbol asks for the form, not for a fact.
      if (typeof name === "symbol" || name === "then") return undefined;
      return asking.read(name);
    },
    set: () => false,
  });
  targets.set(standIn, target);
  return standIn;
}

/** Whether a class has a method of this name, without calling a getter. */
export function isMethodOf(object: object, name: string | symbol): boolean {
  return typeof member(object, name)?.value === "function";
}

/** What stands behind a membrane; undefined for what is none. */
export function targetOf(value: object): object | undefined {
  return targets.get(value);
}

/**
 * A value with what stands behind each membrane in it, in lists, maps and plain objects too. Functions are handed to
 * `callback`, with their number in the order in which they come.
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
