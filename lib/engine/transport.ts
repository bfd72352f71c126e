import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, type ClientRequestArgs } from "node:http";
import { join } from "node:path";
import { Duplex } from "node:stream";
import Docker from "dockerode";
import { hearingBreaks } from "./answer";
import type { Endpoint } from "./endpoint";
import { LabError } from "./error";

/** dockerode on an endpoint. `host: undefined` keeps its own reading of DOCKER_HOST out of the way. */
export function dial(endpoint: Endpoint): Docker {
  const url = endpoint.url.includes("://") ? endpoint.url : `tcp://${endpoint.url}`;
  if (url.startsWith("unix://")) return socket(url.slice("unix://".length) || "/var/run/docker.sock");
  if (url.startsWith("npipe://")) return socket(url.slice("npipe://".length));
  if (url.startsWith("ssh://")) return dialThrough(async () => ssh(url)).docker;
  const { protocol, hostname, port } = parse(url);
  const tls = endpoint.certificates !== undefined || protocol === "https:";
  return hearingBreaks(
    new Docker({
      host: hostname,
      port: port || (tls ? 2376 : 2375),
      protocol: tls ? "https" : "http",
      ...(endpoint.certificates ? certificates(endpoint.certificates) : {}),
    }),
  );
}

/** dockerode on an engine that is reached over streams, and the end of all of them. */
export interface Line {
  readonly docker: Docker;
  /** Ends every stream, those too that are only being opened. */
  readonly hangUp: () => void;
}

/** dockerode over streams that `open` makes, one for each connection; it is told when they are needed no more. */
export function dialThrough(open: (signal: AbortSignal) => Promise<Duplex>): Line {
  const agent = new StreamAgent(open);
  const options: Docker.DockerOptions & { agent: Agent; socketPath: undefined } = {
    host: "engine",
    port: 80,
    protocol: "http",
    socketPath: undefined,
    agent,
  };
  return { docker: hearingBreaks(new Docker(options)), hangUp: () => agent.hangUp() };
}

class StreamAgent extends Agent {
  readonly #open: (signal: AbortSignal) => Promise<Duplex>;
  readonly #streams = new Set<Duplex>();
  readonly #opening = new Set<AbortController>();
  #gone = false;

  constructor(open: (signal: AbortSignal) => Promise<Duplex>) {
    super({ keepAlive: true, maxFreeSockets: 8 });
    this.#open = open;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const opening = new AbortController();
    if (this.#gone) opening.abort();
    this.#opening.add(opening);
    const opened = this.#open(opening.signal).finally(() => this.#opening.delete(opening));
    opened.then(
      (stream) => {
        this.#streams.add(stream);
        stream.once("close", () => this.#streams.delete(stream));
        callback?.(null, stream);
        if (this.#gone) stream.destroy();
      },
      (error: unknown) => {
        callback?.(error instanceof Error ? error : new Error(String(error)), new Duplex());
      },
    );
    return undefined;
  }

  hangUp(): void {
    this.#gone = true;
    for (const opening of this.#opening) opening.abort();
    for (const stream of this.#streams) stream.destroy();
  }
}

function socket(socketPath: string): Docker {
  return hearingBreaks(new Docker({ socketPath, host: undefined, port: undefined, protocol: "http" }));
}

function parse(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const known = ["tcp:", "http:", "https:", "ssh:"].includes(parsed?.protocol ?? "");
  if (parsed && known && parsed.hostname !== "") return parsed;
  throw new LabError("NO_ENGINE", {
    where: url,
    found: "this is not the address of an engine",
    advice: "DOCKER_HOST reads like unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host.",
  });
}

function certificates(folder: string): { ca: Buffer; cert: Buffer; key: Buffer } {
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

// What the docker command does for ssh:// as well: the far side's own client carries the stream.
function ssh(url: string): Duplex {
  const { username, hostname, port } = parse(url);
  const child = spawn("ssh", [
    ...(username ? ["-l", username] : []),
    ...(port ? ["-p", port] : []),
    "-o",
    "ConnectTimeout=30",
    "--",
    hostname,
    "docker",
    "system",
    "dial-stdio",
  ]);
  return Duplex.from({ readable: child.stdout, writable: child.stdin });
}
