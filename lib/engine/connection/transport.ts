import { existsSync, readFileSync } from "node:fs";
import { Agent, type ClientRequestArgs } from "node:http";
import { join } from "node:path";
import { Duplex } from "node:stream";
import Docker from "dockerode";
import { LabError } from "../errors/lab-error";
import { failOnBrokenResponses } from "./broken-response";
import type { Endpoint } from "./endpoint";
import { SshDialer } from "./ssh";

/** dockerode on an endpoint. */
export function dial(endpoint: Endpoint): Docker {
  return openConnection(endpoint).docker;
}

/**
 * dockerode on an endpoint. `host: undefined` keeps its own reading of DOCKER_HOST out of the way.
 *
 * @throws LabError `NO_ENGINE` for what is no address, and where the files of its certificates cannot be read.
 */
export function openConnection(endpoint: Endpoint): DockerConnection {
  const url = endpoint.url.includes("://") ? endpoint.url : `tcp://${endpoint.url}`;
  if (url.startsWith("unix://"))
    return keepAliveConnection(socket(url.slice("unix://".length) || "/var/run/docker.sock"));
  if (url.startsWith("npipe://")) return keepAliveConnection(socket(url.slice("npipe://".length)));
  const { protocol, hostname, port, username } = parse(url);
  if (protocol === "ssh:") {
    const user = username === "" ? {} : { user: decodeURIComponent(username) };
    const dialer = new SshDialer({ host: hostname, ...user, ...(port === "" ? {} : { port }) });
    return dialThrough((signal) => dialer.open(signal));
  }
  const tls = endpoint.certificates !== undefined || protocol === "https:";
  return keepAliveConnection(
    new Docker({
      // Without the brackets that an IPv6 address has in a URL.
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: port || (tls ? 2376 : 2375),
      protocol: tls ? "https" : "http",
      ...(endpoint.certificates ? certificates(endpoint.certificates) : {}),
    }),
  );
}

// Connections that Node's own agent keeps: an idle one keeps no process.
function keepAliveConnection(docker: Docker): DockerConnection {
  return { docker: failOnBrokenResponses(docker), hangUp: () => undefined };
}

/** dockerode on an engine that is reached over streams, and the end of all of them. */
export interface DockerConnection {
  readonly docker: Docker;
  /** Ends every stream, those too that are only being opened. */
  readonly hangUp: () => void;
}

/** dockerode over streams that `open` makes, one for each connection; it is told when they are needed no more. */
export function dialThrough(open: (signal: AbortSignal) => Promise<Duplex>): DockerConnection {
  const agent = new StreamAgent(open);
  const options: Docker.DockerOptions & { agent: Agent; socketPath: undefined } = {
    host: "engine",
    port: 80,
    protocol: "http",
    socketPath: undefined,
    agent,
  };
  return { docker: failOnBrokenResponses(new Docker(options)), hangUp: () => agent.hangUp() };
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

// As the docker command has it: a certificate of one's own only where there is one.
function certificates(folder: string): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const read = (name: "ca" | "cert" | "key"): Partial<Record<typeof name, Buffer>> => {
    const path = join(folder, `${name}.pem`);
    return existsSync(path) ? { [name]: readFileSync(path) } : {};
  };
  const found = { ...read("ca"), ...read("cert"), ...read("key") };
  if (found.ca || (found.cert && found.key)) return found;
  throw new LabError("NO_ENGINE", {
    where: folder,
    found: "there are no certificates of an engine: ca.pem, cert.pem and key.pem are looked for",
    advice: "Name their folder with DOCKER_CERT_PATH; without TLS leave DOCKER_TLS_VERIFY out.",
  });
}
