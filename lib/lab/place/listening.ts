import { LabError } from "../../engine";
import type { NetnsHandle } from "./netns-handle";

const LISTEN_TIMEOUT_S = 20;

/**
 * Waits until a program listens on a TCP port of a namespace, so that the next cell can connect to it.
 *
 * Shell: `until ss -Hltn 'sport = :80' | grep -q .; do sleep 0.02; done`.
 *
 * @throws LabError `NOT_READY` if no program does so within 20 seconds.
 */
export async function waitListening({ shell }: NetnsHandle, port: number, where: string): Promise<void> {
  const script = `end=$(($(date +%s) + ${LISTEN_TIMEOUT_S}))
until ss -Hltn 'sport = :${port}' | grep -q .; do [ "$(date +%s)" -lt $end ] || exit 1; sleep 0.02; done`;
  const { exitCode } = await shell.run(script);
  if (exitCode === 0) return;
  throw new LabError("NOT_READY", {
    where,
    found: `nothing listens on TCP port ${port} after ${LISTEN_TIMEOUT_S} seconds`,
    advice:
      "Read the container's output (docker logs). The server may have exited, or may listen on another port.",
  });
}

/** The TCP port on which a Wirebook image listens once it is ready, or undefined if the image is not a server. */
export function servedPort(image: string, env: Readonly<Record<string, string>> = {}): number | undefined {
  if (image !== "web") return undefined;
  const port = Number((env["PORTS"] ?? "80").trim().split(/\s+/)[0]);
  return Number.isInteger(port) && port > 0 ? port : undefined;
}
