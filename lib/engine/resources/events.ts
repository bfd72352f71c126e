import { createInterface } from "node:readline";
import type Docker from "dockerode";
import { translate } from "../errors/known-errors";
import { type Labels, labelFilter } from "./labels";

/** An event of a container or network, as printed by `docker events`. */
export interface EngineEvent {
  readonly type: "container" | "network";
  /** `start`, `die`, `kill`, `oom`, `destroy`, `pause`, `health_status: healthy`, `connect` … */
  readonly action: string;
  /** Id of the container or network. */
  readonly id: string;
  /** Name, exit code, labels. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Time of the event, in milliseconds since 1970. */
  readonly at: number;
}

/** The filters of `docker events --filter KEY=VALUE`. */
export interface EventFilters {
  readonly type?: ("container" | "network")[];
  readonly event?: string[];
  readonly network?: string[];
  readonly label?: string[];
}

/** A stream of events that runs until it is closed. */
export interface Subscription {
  close(): void;
  /** Resolves when the stream has ended. Rejects with a LabError when the connection is lost. */
  readonly ended: Promise<void>;
}

/**
 * Calls `listener` for every event of containers and networks that have all of `labels`.
 * The stream doesn't keep the Node.js process alive. Shell: `docker events --filter label=…`.
 */
export function subscribe(
  docker: Docker,
  labels: Partial<Labels>,
  listener: (event: EngineEvent) => void,
): Promise<Subscription> {
  return follow(docker, { type: ["container", "network"], ...labelFilter(labels) }, listener);
}

/** Calls `listener` for every event that matches `filters`. See {@link subscribe}. */
export async function follow(
  docker: Docker,
  filters: EventFilters,
  listener: (event: EngineEvent) => void,
): Promise<Subscription> {
  let stream: NodeJS.ReadableStream;
  try {
    stream = await docker.getEvents({ filters });
  } catch (error) {
    throw translate(error, "engine");
  }
  const socket: unknown = Reflect.get(stream, "socket");
  if (typeof socket === "object" && socket !== null) unref(socket);
  const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  let closed = false;
  lines.on("line", (line) => {
    const event = closed ? undefined : parse(line);
    if (event) listener(event);
  });
  const ended = new Promise<void>((resolve, reject) => {
    lines.once("close", resolve);
    const fail = (error: unknown): void => (closed ? resolve() : reject(translate(error, "engine")));
    // readline emits the stream's errors again.
    for (const source of [stream, lines]) source.on("error", fail);
  });
  ended.catch(() => undefined);
  return {
    ended,
    close: () => {
      closed = true;
      lines.close();
      const destroy: unknown = Reflect.get(stream, "destroy");
      if (typeof destroy === "function") destroy.call(stream);
    },
  };
}

/** Lets the Node.js process exit while this socket is open. */
function unref(socket: object): void {
  const method: unknown = Reflect.get(socket, "unref");
  if (typeof method === "function") method.call(socket);
}

function parse(line: string): EngineEvent | undefined {
  if (line.trim() === "") return undefined;
  const raw: unknown = JSON.parse(line);
  const type = field(raw, "Type");
  const action = field(raw, "Action");
  const actor = field(raw, "Actor");
  const id = field(actor, "ID");
  const attributes = field(actor, "Attributes");
  const nano = field(raw, "timeNano");
  if ((type !== "container" && type !== "network") || typeof action !== "string" || typeof id !== "string") {
    return undefined;
  }
  const texts = Object.entries(typeof attributes === "object" && attributes !== null ? attributes : {});
  return {
    type,
    action,
    id,
    attributes: Object.fromEntries(texts.map(([key, value]) => [key, String(value)])),
    at: typeof nano === "number" ? nano / 1e6 : Date.now(),
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
