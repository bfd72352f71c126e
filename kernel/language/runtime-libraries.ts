/** A part of the standard library that newer versions of Node have, and a test for it. */
type Part = readonly [library: string, exists: () => boolean];

const has = (object: object, name: string) => name in object;
const hasGlobal = (name: string) => name in globalThis;

/** TypeScript's libraries after ES2023, by the names of TypeScript's own files. */
const PARTS: readonly Part[] = [
  ["es2024.arraybuffer", () => has(ArrayBuffer.prototype, "transfer")],
  ["es2024.collection", () => has(Map, "groupBy")],
  ["es2024.object", () => has(Object, "groupBy")],
  ["es2024.promise", () => has(Promise, "withResolvers")],
  ["es2024.regexp", () => has(RegExp.prototype, "unicodeSets")],
  ["es2024.sharedmemory", () => has(Atomics, "waitAsync")],
  ["es2024.string", () => has(String.prototype, "isWellFormed")],
  ["es2025.collection", () => has(Set.prototype, "union")],
  ["es2025.float16", () => hasGlobal("Float16Array")],
  ["es2025.intl", () => has(Intl, "DurationFormat")],
  ["es2025.iterator", () => hasGlobal("Iterator")],
  ["es2025.promise", () => has(Promise, "try")],
  ["es2025.regexp", () => has(RegExp, "escape")],
  ["esnext.array", () => has(Array, "fromAsync")],
  ["esnext.collection", () => has(Map.prototype, "getOrInsert")],
  ["esnext.disposable", () => hasGlobal("DisposableStack")],
  ["esnext.error", () => has(Error, "isError")],
  ["esnext.sharedmemory", () => has(Atomics, "pause")],
  ["esnext.temporal", () => hasGlobal("Temporal")],
  ["esnext.typedarrays", () => has(Uint8Array, "fromBase64")],
];

/**
 * The type declarations of the standard library that match the running Node: ES2023, and what newer versions
 * have. What this Node lacks is a type error.
 */
export function runtimeLibraries(): string[] {
  const newer = PARTS.filter(([, exists]) => exists()).map(([library]) => library);
  return ["es2023", ...newer, "decorators"].map((library) => `lib.${library}.d.ts`);
}
