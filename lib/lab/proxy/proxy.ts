import { randomUUID } from "node:crypto";
import { LabError } from "../../engine";
import { imageTag } from "../../setup/images";
import { type LabContext, networkCapabilities } from "../context/lab-context";
import { waitListening } from "../place/listening";
import { ContainerPlace, type PlaceParts } from "../place/place";
import { lookAt } from "../topology/world";
import { Capture } from "../trace/capture";
import { Connections } from "./connections";
import { haproxyConfig, reversePorts } from "./haproxy";
import { type ProxiedRequest, readRequests } from "./log";
import type { ProxySpec, ReverseSpec } from "./spec";
import { readServers, type ServerState } from "./state";
import { readStreams, type Stream, withoutChecks } from "./stream";
import { checkHost, forwardPort, hostsLines, tinyproxyConfig } from "./tinyproxy";

// More than any cell makes; the engine keeps what a container wrote.
const LOG_LINES = 20_000;
const MARK = "wirebook-mark-";

interface ProxyParts extends PlaceParts {
  readonly context: LabContext;
  readonly address: string;
  readonly config: string;
}

/** A proxy of either kind: a real program in a container of its own, on the lab's network. */
export abstract class AnyProxy extends ContainerPlace {
  /** Its address on the lab's network. */
  readonly address: string;
  /** The configuration that its program runs with: what the options were made into. */
  readonly config: string;
  readonly #context: LabContext;

  constructor(parts: ProxyParts) {
    super(parts);
    this.address = parts.address;
    this.config = parts.config;
    this.#context = parts.context;
  }

  /**
   * Who talks to whom through this proxy now: the open TCP connections on its two sides, from the sockets of every place.
   *
   * With an action, it is watched: also connections that were over quickly are seen, with what went over the wire.
   *
   * ```ts
   * await proxy.connections(() => client.sh`curl -s -x ${proxy.url} http://shop.example/`);
   * ```
   *
   * Shell: `ss -tan` on all sides, `tcpdump -A tcp` on the proxy, and its log.
   */
  connections(): Promise<Connections>;
  connections<Result>(action: () => PromiseLike<Result> | Result): Promise<Connections<Result>>;
  async connections<Result>(
    action?: () => PromiseLike<Result> | Result,
  ): Promise<Connections<Result | undefined>> {
    const look = async () =>
      [...(await lookAt(await this.#context.allPlaces())).values()].flatMap((each) => (each ? [each] : []));
    if (!action) return new Connections({ proxy: this.name, looks: await look() }, undefined);
    const before = (await this.log()).length;
    const capture = await Capture.start([this], "tcp");
    try {
      const result = await action();
      const [looks, captured, log] = [await look(), await capture.stop(), await this.log()];
      const news = log.slice(before);
      const streams = this.select(readStreams(Buffer.from(captured.pcap(this.name))), news);
      return new Connections({ proxy: this.name, looks, streams, log: news }, result);
    } finally {
      await capture.stop();
    }
  }

  /** What its program wrote, line by line. Shell: `docker logs`. */
  async log(): Promise<readonly string[]> {
    await this.#written();
    const text = await this.engine.containers.logs(this.container, LOG_LINES);
    return text.split("\n").filter((line) => line !== "" && !line.startsWith(MARK));
  }

  // The engine reads what a container writes when it comes to it: once it has a line of ours, it has all before it.
  async #written(): Promise<void> {
    const line = `${MARK}${randomUUID()}`;
    const { exitCode } = await this.exec(["sh", "-c", `echo ${line} > /proc/1/fd/1`], {
      user: "haproxy",
    }).catch(gone);
    const end = Date.now() + 5000;
    while (exitCode === 0 && Date.now() < end) {
      if ((await this.engine.containers.logs(this.container, 100)).includes(line)) return;
    }
  }

  /** The connections that clients are the cause of. */
  protected select(streams: readonly Stream[], _log: readonly string[]): readonly Stream[] {
    return streams;
  }
}

/** A proxy that works for clients: it asks in their place. The program is tinyproxy. */
export class ForwardProxy extends AnyProxy {
  /** What a client is told: `curl -x URL`, `http_proxy=URL`. */
  readonly url: string;

  constructor(parts: ProxyParts & { readonly port: number }) {
    super(parts);
    this.url = `http://${parts.address}:${parts.port}`;
  }

  /** @throws LabError `BAD_PORT`, `BAD_ADDRESS`, `BAD_NAME`, `IMAGE_MISSING`, `NOT_READY`. */
  static async start(context: LabContext, name: string, { forward }: ProxySpec): Promise<ForwardProxy> {
    const config = tinyproxyConfig(name, forward);
    const hosts = hostsLines(name, forward.names ?? {});
    const port = forwardPort(forward);
    const parts = await startProgram(context, name, `forward proxy :${port}`, {
      PROGRAM: "tinyproxy",
      CONFIG: config,
    });
    const proxy = new ForwardProxy({ ...parts, config, port });
    if (hosts.length > 0) await proxy.sh`printf '%s\n' ${hosts} >> /etc/hosts`.quiet();
    await waitListening(await proxy.netnsHandle(), port, name);
    return proxy;
  }
}

/** A proxy that works for servers: clients see it and nobody else. The program is HAProxy. */
export class ReverseProxy extends AnyProxy {
  /** Where clients reach it. */
  readonly url: string;
  /** The certificate that it shows, as PEM; the key never leaves the container. Absent without TLS. */
  readonly certificate?: string;

  constructor(parts: ProxyParts & { readonly spec: ReverseSpec; readonly certificate?: string }) {
    super(parts);
    const { tls, port = 80 } = parts.spec;
    this.url = tls ? `https://${tls.names[0]}:${tls.port ?? 443}/` : `http://${parts.address}:${port}/`;
    if (parts.certificate !== undefined) this.certificate = parts.certificate;
  }

  /** @throws LabError `BAD_PORT`, `BAD_ADDRESS`, `BAD_NAME`, `SELECTOR_EMPTY`, `IMAGE_MISSING`, `NOT_READY`. */
  static async start(context: LabContext, name: string, spec: ReverseSpec): Promise<ReverseProxy> {
    const config = haproxyConfig(name, spec);
    const names = spec.tls?.names.map((each) => checkHost(each, name)).join(" ");
    const servers = spec.upstreams.map((each) => each.name).join(", ");
    const ports = reversePorts(spec);
    const env = { PROGRAM: "haproxy", CONFIG: config, ...(names === undefined ? {} : { NAMES: names }) };
    const parts = await startProgram(context, name, `reverse proxy :${ports.join(" :")} for ${servers}`, env);
    const place = new ContainerPlace(parts);
    for (const port of ports) await waitListening(await place.netnsHandle(), port, name);
    if (!spec.tls) return new ReverseProxy({ ...parts, config, spec });
    const { stdout } = await place.sh`cat /tmp/certificate.pem`.quiet();
    return new ReverseProxy({ ...parts, config, spec, certificate: stdout });
  }

  /** Health checks come and go by themselves: they are left out. */
  protected override select(streams: readonly Stream[], log: readonly string[]): readonly Stream[] {
    return withoutChecks(streams, this.address, readRequests(log.join("\n")));
  }

  /** Every request it has served, from its log. */
  async requests(): Promise<readonly ProxiedRequest[]> {
    return readRequests((await this.log()).join("\n"));
  }

  /** What it holds of each server now: up or down, and what the last health check said. */
  async servers(): Promise<readonly ServerState[]> {
    const ask = "echo 'show stat' | socat - UNIX-CONNECT:/tmp/admin.sock";
    const { stdout } = await this.exec(["sh", "-c", ask], { user: "haproxy" });
    return readServers(stdout);
  }

  /**
   * Waits until the health checks say so of a server.
   *
   * @param seconds - how long at most. Default: 20.
   * @throws LabError `NOT_READY` when they do not in time; `UNKNOWN_PLACE` for a server it does not have.
   */
  async until(server: string, state: "UP" | "DOWN", seconds = 20): Promise<ServerState> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const all = await this.servers();
      const found = all.find(({ name }) => name === server);
      if (!found) {
        throw new LabError("UNKNOWN_PLACE", {
          where: this.name,
          found: `it has no server ${JSON.stringify(server)}`,
          advice: `There are: ${all.map(({ name }) => name).join(", ")}.`,
        });
      }
      if (found.state === state) return found;
      if (Date.now() > end) {
        throw new LabError("NOT_READY", {
          where: this.name,
          found: `${server} is ${found.state} after ${seconds} seconds, not ${state} (${found.check})`,
          advice: "Its health check may be slow, or the server in another state than you think.",
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Gives the certificate to a place, and returns the path of the file: `curl --cacert PATH`. */
  async trustedBy(place: ContainerPlace): Promise<string> {
    const path = `/tmp/${this.name}.pem`;
    if (this.certificate === undefined) {
      throw new LabError("NOT_SUPPORTED", {
        where: this.name,
        found: "it has no certificate",
        advice: 'Start it with { tls: { names: ["shop.example"] } }.',
      });
    }
    await place.sh`printf %s ${this.certificate} > ${path}`.quiet();
    return path;
  }
}

type Started = PlaceParts & { readonly context: LabContext; readonly address: string };

async function startProgram(
  context: LabContext,
  name: string,
  detail: string,
  env: Readonly<Record<string, string>>,
): Promise<Started> {
  const info = await context.home.run({
    ...context.home.spec(name, "proxy", imageTag("proxy")),
    network: context.network,
    // For the commands of the place, which run as root. The proxy itself is another user, and has none of them.
    capabilities: networkCapabilities,
    env,
  });
  return {
    context,
    name,
    kind: "container",
    engine: context.home.engine,
    container: info.id,
    user: "root",
    detail,
    address: info.networks[0]?.address ?? "",
    ...context.home.access(name, info.pid),
  };
}

// The log of a proxy that has ended is complete.
function gone(error: unknown): { readonly exitCode: number } {
  if (error instanceof LabError && error.code === "NOT_RUNNING") return { exitCode: 1 };
  throw error;
}
