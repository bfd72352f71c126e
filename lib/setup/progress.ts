import { createInterface } from "node:readline";

/** Told what a long step is doing right now, a line at a time. */
export type Progress = (text: string) => void;

/**
 * Follows the engine's stream of a build, pull or import to its end.
 *
 * @throws Error with the engine's own text when the stream reports a failure.
 */
export async function follow(stream: NodeJS.ReadableStream, progress: Progress): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === "") continue;
    const message: unknown = JSON.parse(line);
    const failure = field(message, "error");
    if (failure !== undefined) throw new Error(failure);
    const text = (field(message, "stream") ?? field(message, "status") ?? "").trim();
    if (text !== "") progress(text);
  }
}

function field(message: unknown, name: string): string | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  const value: unknown = Reflect.get(message, name);
  return typeof value === "string" ? value : undefined;
}
