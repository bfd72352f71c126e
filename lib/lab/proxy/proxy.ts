import { randomUUID } from "node:crypto";
import { LabError } from "../../engine";
import { imageTag } from "../../setup/images";
import { withoutUndefined } from "../../without-undefined";
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

// More lines than a chapter writes. The engine stores all of a container's output.
const LOG_LINES = 20_000;
const MARK = "wirebook-mark-";

interface ProxyParts extends PlaceParts {
  readonly context: LabContext;
  readonly address: string;
  readonly config: string;
}

/** A forward or reverse proxy: a container on the lab's network that runs tinyproxy or HAProxy. */
abstract class AnyProxy extends ContainerPlace {
  /** Its address on the lab's network. */
  readonly address: string;
  /** The configuration file of its program, generated from the options. */
  readonly config: string;
  readonly #context: LabContext;

  constructor(parts: ProxyParts) {
    super(parts);
    this.address = parts.address;
    this.config = parts.config;
    this.#context = parts.context;
  }

  /**
   * Returns the open TCP connections of this proxy with clients and servers, from the sockets of every place. With an
   * action, captures packets while it runs, so that the result also contains short connections and request headers.
   *
   * Shell: `ss -tan` in every place, `tcpdump -A tcp` on the proxy, and its log.
   *
   * @param action - is called while packets are captured. Default: none.
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

  /** Returns the lines that its program logged. Shell: `docker logs`. */
  async log(): Promise<readonly string[]> {
    await this.#flushLog();
    const text = await this.engine.containers.logs(this.container, LOG_LINES);
    return text.split("\n").filter((line) => line !== "" && !line.startsWith(MARK));
  }

  // The engine reads a container's output asynchronously. Once it has a line written now, it has all earlier ones.
  async #flushLog(): Promise<void> {
    const line = `${MARK}${randomUUID()}`;
    const { exitCode } = await this.exec(["sh", "-c", `echo ${line} > /proc/1/fd/1`], {
      user: "haproxy",
    }).catch(ignoreNotRunning);
    const end = Date.now() + 5000;
    while (exitCode === 0 && Date.now() < end) {
      if ((await this.engine.containers.logs(this.container, 100)).includes(line)) return;
    }
  }

  /** Removes connections that no client caused. */
  protected select(streams: readonly Stream[], _log: readonly string[]): readonly Stream[] {
    return streams;
  }
}

/**
 * A forward proxy: clients send it requests, which it forwards to any server. Runs tinyproxy.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("forward-proxy-example");
 * const proxy = await lab.proxy("proxy", { forward: {} });
 * const client = await lab.pod("client");
 * const seen = await proxy.connections(() => client.sh`curl -s -x ${proxy.url} http://${lab.outside.address}/`.nothrow());
 * console.log(String(seen));
 * await lab.close();
 */
export class ForwardProxy extends AnyProxy {
  /** The proxy URL for clients: `curl -x URL`, `http_proxy=URL`. */
  readonly url: string;

  constructor(parts: ProxyParts & { readonly port: number }) {
    super(parts);
    this.url = `http://${parts.address}:${parts.port}`;
  }

  /** Starts the container. @throws LabError `BAD_PORT`, `BAD_ADDRESS`, `BAD_NAME`, `IMAGE_MISSING`, `NOT_READY`. */
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

/**
 * A reverse proxy: clients connect to it, and it forwards their requests to its servers. Runs HAProxy.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("reverse-proxy-example");
 * const web = await lab.pod("web", { image: "web" });
 * const proxy = await lab.reverseProxy("edge", { upstreams: [web] });
 * await proxy.until("web", "UP");
 * console.log(await proxy.servers());
 * await lab.close();
 */
export class ReverseProxy extends AnyProxy {
  /** The URL for clients. */
  readonly url: string;
  /** Its TLS certificate as PEM. The key never leaves the container. Absent without TLS. */
  readonly certificate?: string;

  constructor(parts: ProxyParts & { readonly spec: ReverseSpec; readonly certificate?: string }) {
    super(parts);
    const { tls, port = 80 } = parts.spec;
    this.url = tls ? `https://${tls.names[0]}:${tls.port ?? 443}/` : `http://${parts.address}:${port}/`;
    if (parts.certificate !== undefined) this.certificate = parts.certificate;
  }

  /**
   * Starts the container.
   *
   * @throws LabError `BAD_PORT`, `BAD_ADDRESS`, `BAD_NAME`, `SELECTOR_EMPTY`, `IMAGE_MISSING`, `NOT_READY`.
   */
  static async start(context: LabContext, name: string, spec: ReverseSpec): Promise<ReverseProxy> {
    const config = haproxyConfig(name, spec);
    const names = spec.tls?.names.map((each) => checkHost(each, name)).join(" ");
    const servers = spec.upstreams.map((each) => each.name).join(", ");
    const ports = reversePorts(spec);
    const env = { PROGRAM: "haproxy", CONFIG: config, ...withoutUndefined({ NAMES: names }) };
    const parts = await startProgram(context, name, `reverse proxy :${ports.join(" :")} for ${servers}`, env);
    const place = new ContainerPlace(parts);
    for (const port of ports) await waitListening(await place.netnsHandle(), port, name);
    if (!spec.tls) return new ReverseProxy({ ...parts, config, spec });
    const { stdout } = await place.sh`cat /tmp/certificate.pem`.quiet();
    return new ReverseProxy({ ...parts, config, spec, certificate: stdout });
  }

  /** Removes health checks. */
  protected override select(streams: readonly Stream[], log: readonly string[]): readonly Stream[] {
    return withoutChecks(streams, this.address, readRequests(log.join("\n")));
  }

  /** Returns all requests in its log. */
  async requests(): Promise<readonly ProxiedRequest[]> {
    return readRequests((await this.log()).join("\n"));
  }

  /** Returns the state of each server and the result of its last health check. Shell: `show stat` on HAProxy's socket. */
  async servers(): Promise<readonly ServerState[]> {
    const ask = "echo 'show stat' | socat - UNIX-CONNECT:/tmp/admin.sock";
    const { stdout } = await this.exec(["sh", "-c", ask], { user: "haproxy" });
    return readServers(stdout);
  }

  /**
   * Waits until the health checks report a server as up or down.
   *
   * @param seconds - timeout. Default: 20.
   * @throws LabError `NOT_READY` after the timeout; `UNKNOWN_PLACE` if the proxy has no such server.
   */
  async until(server: string, state: "UP" | "DOWN", seconds = 20): Promise<ServerState> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const all = await this.servers();
      const found = all.find(({ name }) => name === server);
      if (!found) {
        throw new LabError("UNKNOWN_PLACE", {
          where: this.name,
          found: `the proxy has no server ${JSON.stringify(server)}`,
          advice: `Its servers are: ${all.map(({ name }) => name).join(", ")}.`,
        });
      }
      if (found.state === state) return found;
      if (Date.now() > end) {
        throw new LabError("NOT_READY", {
          where: this.name,
          found: `${server} is ${found.state} after ${seconds} seconds, not ${state} (${found.check})`,
          advice: "Increase the timeout, or check the server itself.",
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /**
   * Writes the certificate to a file in a place, and returns its path for `curl --cacert PATH`.
   *
   * @throws LabError `NOT_SUPPORTED` if the proxy has no certificate.
   */
  async trustedBy(place: ContainerPlace): Promise<string> {
    const path = `/tmp/${this.name}.pem`;
    if (this.certificate === undefined) {
      throw new LabError("NOT_SUPPORTED", {
        where: this.name,
        found: "the proxy has no certificate",
        advice: 'Start it with { tls: { names: ["shop.example"] } }.',
      });
    }
    await place.sh`printf %s ${this.certificate} > ${path}`.quiet();
    return path;
  }
}

type StartedProgram = PlaceParts & { readonly context: LabContext; readonly address: string };

async function startProgram(
  context: LabContext,
  name: string,
  detail: string,
  env: Readonly<Record<string, string>>,
): Promise<StartedProgram> {
  const info = await context.home.run({
    ...context.home.spec(name, "proxy", imageTag("proxy")),
    network: context.network,
    // For commands in this place, which run as root. The proxy runs as another user without capabilities.
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

// If the proxy has ended, its log is complete.
function ignoreNotRunning(error: unknown): { readonly exitCode: number } {
  if (error instanceof LabError && error.code === "NOT_RUNNING") return { exitCode: 1 };
  throw error;
}
