import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, type ClientRequestArgs } from "node:http";
import { join } from "node:path";
import { Duplex } from "node:stream";
import Docker from "dockerode";
import type { Endpoint } from "./endpoint";
import { LabError } from "./error";

/** dockerode on an endpoint. `host: undefined` keeps its own reading of DOCKER_HOST out of the way. */
export function dial(endpoint: Endpoint): Docker {
  const url = endpoint.url.includes("://") ? endpoint.url : `tcp://${endpoint.url}`;
  if (url.startsWith("unix://")) return socket(url.slice("unix://".length) || "/var/run/docker.sock");
  if (url.startsWith("npipe://")) return socket(url.slice("npipe://".length));
  if (url.startsWith("ssh://"))
    return dialThrough(
      async () => ssh(url),
      () => undefined,
    );
  const { protocol, hostname, port } = parse(url);
  const tls = endpoint.certificates !== undefined || protocol === "https:";
  return new Docker({
    host: hostname,
    port: port || (tls ? 2376 : 2375),
    protocol: tls ? "https" : "http",
    ...(endpoint.certificates ? certificates(endpoint.certificates) : {}),
  });
}

/** dockerode over streams that `open` makes, one for each connection; `closed` is told when one ends. */
export function dialThrough(open: () => Promise<Duplex>, track: (stream: Duplex) => void): Docker {
  const agent = new StreamAgent(open, track);
  const options: Docker.DockerOptions & { agent: Agent; socketPath: undefined } = {
    host: "engine",
    port: 80,
    protocol: "http",
    socketPath: undefined,
    agent,
  };
  return new Docker(options);
}

class StreamAgent extends Agent {
  readonly #open: () => Promise<Duplex>;
  readonly #track: (stream: Duplex) => void;

  constructor(open: () => Promise<Duplex>, track: (stream: Duplex) => void) {
    super({ keepAlive: true, maxFreeSockets: 8 });
    this.#open = open;
    this.#track = track;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#open().then(
      (stream) => {
        this.#track(stream);
        callback?.(null, stream);
      },
      (error: unknown) => {
        callback?.(error instanceof Error ? error : new Error(String(error)), new Duplex());
      },
    );
    return undefined;
  }
}

function socket(socketPath: string): Docker {
  return new Docker({ socketPath, host: undefined, port: undefined, protocol: "http" });
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
