import { LabError } from "../../engine";
import type { NetnsHandle } from "./netns-handle";

/** Seconds that a server may take until it listens. */
const patience = 20;

/**
 * Waits until something listens on a TCP port of a namespace, so that the next cell finds a server that answers.
 *
 * Shell: `until ss -Hltn 'sport = :80' | grep -q .; do sleep 0.02; done`.
 *
 * @throws LabError `NOT_READY` when nothing does in time.
 */
export async function waitListening({ shell }: NetnsHandle, port: number, where: string): Promise<void> {
  const script = `end=$(($(date +%s) + ${patience}))
until ss -Hltn 'sport = :${port}' | grep -q .; do [ "$(date +%s)" -lt $end ] || exit 1; sleep 0.02; done`;
  const { exitCode } = await shell.run(script);
  if (exitCode === 0) return;
  throw new LabError("NOT_READY", {
    where,
    found: `nothing listens on TCP port ${port} after ${patience} seconds`,
    advice:
      "Look at what the container says: docker logs. A server may have ended, or listen on another port.",
  });
}

/** The port on which an image of ours listens when it is ready; undefined for one that serves nothing. */
export function servedPort(image: string, env: Readonly<Record<string, string>> = {}): number | undefined {
  if (image !== "web") return undefined;
  const port = Number((env["PORTS"] ?? "80").trim().split(/\s+/)[0]);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}
