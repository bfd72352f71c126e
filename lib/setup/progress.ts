import { createInterface } from "node:readline";

/**
 * Reads the engine's progress stream of a build, pull or import until it ends.
 *
 * @param progress - called with each line of progress.
 * @throws Error with the engine's message if the stream reports a failure.
 */
export async function follow(stream: NodeJS.ReadableStream, progress: (text: string) => void): Promise<void> {
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
