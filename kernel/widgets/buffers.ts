type Path = readonly (string | number)[];

/** A widget's state without its binary values, which are sent beside it. */
export interface SplitState {
  readonly state: Record<string, unknown>;
  readonly buffer_paths: readonly Path[];
  readonly buffers: readonly Uint8Array[];
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : undefined;
}

/** Takes the binary values out of a state, at any depth. In arrays, null is left in their place. */
export function splitBuffers(state: Readonly<Record<string, unknown>>): SplitState {
  const paths: Path[] = [];
  const buffers: Uint8Array[] = [];
  const take = (value: unknown, path: Path): unknown => {
    const bytes = bytesOf(value);
    if (bytes) {
      paths.push(path);
      buffers.push(bytes);
      return null;
    }
    if (Array.isArray(value)) return value.map((item, at) => take(item, [...path, at]));
    return isPlain(value) ? takeFields(value, path) : value;
  };
  const takeFields = (fields: Readonly<Record<string, unknown>>, path: Path): Record<string, unknown> => {
    const rest: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(fields)) {
      const taken = take(value, [...path, name]);
      if (!bytesOf(value)) rest[name] = taken;
    }
    return rest;
  };
  return { state: takeFields(state, []), buffer_paths: paths, buffers };
}

/** Puts binary values back into a state that a front end sent. */
export function joinBuffers(
  state: Record<string, unknown>,
  paths: unknown,
  buffers: readonly Uint8Array[],
): Record<string, unknown> {
  for (const [at, path] of (Array.isArray(paths) ? paths : []).entries()) {
    if (!Array.isArray(path)) continue;
    let target: unknown = state;
    for (const key of path.slice(0, -1))
      target = typeof target === "object" && target !== null ? Reflect.get(target, key) : undefined;
    if (typeof target === "object" && target !== null) Reflect.set(target, path.at(-1), buffers[at]);
  }
  return state;
}
