import type { Lab } from "../../lib/lab/lab";
import type { NodePod } from "../../lib/lab/pod/node-pod";
import type { Service } from "../../lib/lab/service/service";
import { leftovers } from "./leftovers";

/** Closes a lab and checks that nothing of its session is left. */
export async function closed(lab: Lab): Promise<void> {
  const { engine, context } = lab;
  await lab.close();
  expect(await leftovers(engine, context.session.owner)).toEqual([]);
}

/** What a server of the `web` image replied to one request. */
export interface Answer {
  readonly pod: string;
  readonly client: string;
  readonly server: string;
}

/** Sends one request; throws with curl's message if it fails. */
export async function ask(from: Pick<NodePod, "sh">, url: string): Promise<Answer> {
  const { stdout } = await from.sh`curl -sS -m 5 ${url}`;
  const line = (name: string): string =>
    new RegExp(`^${name}: (.*?)(?::\\d+)?$`, "m").exec(stdout)?.[1] ?? "";
  return { pod: line("pod"), client: line("client"), server: line("server") };
}

/** Returns the names of the pods that a service currently sends to. */
export function ends(service: Service): readonly string[] {
  return service.endpoints.map(({ pod }) => pod);
}

/** Waits for a condition; throws with its name after the deadline. */
export async function until(what: string, condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
