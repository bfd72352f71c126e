import { existsSync, readFileSync } from "node:fs";
import { Agent, type ClientRequestArgs } from "node:http";
import { join } from "node:path";
import { Duplex } from "node:stream";
import Docker from "dockerode";
import { LabError } from "../errors/lab-error";
import { failOnBrokenResponses } from "./broken-response";
import type { Endpoint } from "./endpoint";
import { SshDialer } from "./ssh";

/** Returns a dockerode client for an endpoint. */
export function dial(endpoint: Endpoint): Docker {
  return openConnection(endpoint).docker;
}

/**
 * Returns a dockerode client for an endpoint, and a function that closes its connections.
 *
 * @throws LabError `NO_ENGINE` if the address is invalid or there are no certificates in the given folder.
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
      // A URL has brackets around an IPv6 address, a host name has none.
      host: hostname.replace(/^\[(.*)\]$/, "$1"),
      port: port || (tls ? 2376 : 2375),
      protocol: tls ? "https" : "http",
      ...(endpoint.certificates ? certificates(endpoint.certificates) : {}),
    }),
  );
}

// Node's global agent unrefs idle connections, so there is nothing to close.
function keepAliveConnection(docker: Docker): DockerConnection {
  return { docker: failOnBrokenResponses(docker), disconnect: () => undefined };
}

/** A dockerode client and a function that closes its connections. */
export interface DockerConnection {
  readonly docker: Docker;
  /** Destroys every stream and cancels those that are being opened. */
  readonly disconnect: () => void;
}

/**
 * Returns a dockerode client that calls `open` for each new connection.
 *
 * @param open - returns a stream to the engine. Its signal aborts when the client disconnects.
 */
export function dialThrough(open: (signal: AbortSignal) => Promise<Duplex>): DockerConnection {
  const agent = new StreamAgent(open);
  const options: Docker.DockerOptions & { agent: Agent; socketPath: undefined } = {
    host: "engine",
    port: 80,
    protocol: "http",
    socketPath: undefined,
    agent,
  };
  return { docker: failOnBrokenResponses(new Docker(options)), disconnect: () => agent.disconnect() };
}

class StreamAgent extends Agent {
  readonly #open: (signal: AbortSignal) => Promise<Duplex>;
  readonly #streams = new Set<Duplex>();
  readonly #opening = new Set<AbortController>();
  #disconnected = false;

  constructor(open: (signal: AbortSignal) => Promise<Duplex>) {
    super({ keepAlive: true, maxFreeSockets: 8 });
    this.#open = open;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const opening = new AbortController();
    if (this.#disconnected) opening.abort();
    this.#opening.add(opening);
    const opened = this.#open(opening.signal).finally(() => this.#opening.delete(opening));
    opened.then(
      (stream) => {
        this.#streams.add(stream);
        stream.once("close", () => this.#streams.delete(stream));
        callback?.(null, stream);
        if (this.#disconnected) stream.destroy();
      },
      (error: unknown) => {
        callback?.(error instanceof Error ? error : new Error(String(error)), new Duplex());
      },
    );
    return undefined;
  }

  disconnect(): void {
    this.#disconnected = true;
    for (const opening of this.#opening) opening.abort();
    for (const stream of this.#streams) stream.destroy();
  }
}

// dockerode reads DOCKER_HOST unless `host` is set, even to undefined.
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
    advice: "An address looks like unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host.",
  });
}

// Like the docker command, uses a client certificate only if there is one.
function certificates(folder: string): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  const read = (name: "ca" | "cert" | "key"): Partial<Record<typeof name, Buffer>> => {
    const path = join(folder, `${name}.pem`);
    return existsSync(path) ? { [name]: readFileSync(path) } : {};
  };
  const found = { ...read("ca"), ...read("cert"), ...read("key") };
  if (found.ca || (found.cert && found.key)) return found;
  throw new LabError("NO_ENGINE", {
    where: folder,
    found: "the folder has neither ca.pem nor cert.pem with key.pem",
    advice:
      "Set DOCKER_CERT_PATH to the folder of the certificates, or unset DOCKER_TLS_VERIFY if the engine doesn't use TLS.",
  });
}
