import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { LabError } from "../errors/lab-error";

/** The address of an engine, and where the address came from. */
export interface Endpoint {
  /** `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2376`, `ssh://me@there`. */
  readonly url: string;
  /** Source of the address: `DOCKER_HOST`, `context desktop`, `default`. */
  readonly from: string;
  /** Folder with ca.pem, cert.pem and key.pem. Absent: no TLS. */
  readonly certificates?: string;
}

/** What {@link findEndpoint} reads from the system. Tests pass their own. */
export interface SystemAccess {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly exists: (path: string) => boolean;
  readonly read: (path: string) => string;
}

const thisSystem = (): SystemAccess => ({
  env: process.env,
  home: homedir(),
  exists: existsSync,
  read: (path) => readFileSync(path, "utf8"),
});

/**
 * Finds the engine like the docker command: first `DOCKER_HOST`, then `DOCKER_CONTEXT` or the current context,
 * then the first socket that exists of Docker, Docker Desktop, rootless Docker and Podman.
 *
 * @throws LabError `NO_ENGINE` if the selected context does not exist.
 */
export function findEndpoint(system: SystemAccess = thisSystem()): Endpoint {
  const { env } = system;
  const host = env["DOCKER_HOST"];
  if (host) return { url: host, from: "DOCKER_HOST", ...environmentTls(host, system) };
  const context = env["DOCKER_CONTEXT"] || currentContext(system);
  if (context && context !== "default") return contextEndpoint(context, system);
  const socket = sockets(system).find((path) => system.exists(path)) ?? "/var/run/docker.sock";
  return { url: `unix://${socket}`, from: "default" };
}

/**
 * Returns the endpoint for the address of an engine or the name of a docker context. Like `docker -H`, reads the
 * certificates for `tcp://` from `DOCKER_CERT_PATH`.
 *
 * @throws LabError `NO_ENGINE` if the context does not exist; `NOT_ENCRYPTED` for `tcp://` to another machine without
 *   TLS: anyone who can read or change that traffic has root access to the machine.
 */
export function endpointOf(name: string, system: SystemAccess = thisSystem()): Endpoint {
  if (!name.includes(":"))
    return name === "default" ? findEndpoint(withoutContext(system)) : contextEndpoint(name, system);
  const endpoint = { url: name, from: "host", ...environmentTls(name, system) };
  if (isPlain(endpoint) && !name.startsWith("http://")) {
    throw new LabError("NOT_ENCRYPTED", {
      where: name,
      found:
        "this connection is neither encrypted nor authenticated, and access to a Docker engine is root access to its machine",
      advice:
        "Use ssh://, or TLS: DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH=FOLDER. To connect anyway, on a private network that you trust, write http:// instead of tcp://.",
    });
  }
  return endpoint;
}

/** Returns true if the endpoint is on another machine and doesn't use TLS. */
export function isPlain({ url, certificates }: Endpoint): boolean {
  const address = /^(?:(tcp|http):\/\/)?(\[[^\]]*\]|[^:/@]+)(?::\d+)?\/?$/.exec(url);
  if (!address || certificates !== undefined) return false;
  return !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(address[2] ?? "");
}

function environmentTls(url: string, { env, home }: SystemAccess): { certificates?: string } {
  if (!env["DOCKER_TLS_VERIFY"] || /^(?!tcp|https)[a-z]+:\/\//.test(url)) return {};
  return { certificates: env["DOCKER_CERT_PATH"] || join(home, ".docker") };
}

function withoutContext(system: SystemAccess): SystemAccess {
  return { ...system, env: { ...system.env, DOCKER_HOST: undefined, DOCKER_CONTEXT: "default" } };
}

function sockets({ env, home }: SystemAccess): readonly string[] {
  const runtime = env["XDG_RUNTIME_DIR"];
  return [
    "/var/run/docker.sock",
    join(home, ".docker", "run", "docker.sock"),
    ...(runtime ? [join(runtime, "docker.sock"), join(runtime, "podman", "podman.sock")] : []),
    "/run/podman/podman.sock",
  ];
}

function configFolder({ env, home }: SystemAccess): string {
  return env["DOCKER_CONFIG"] || join(home, ".docker");
}

function currentContext(system: SystemAccess): string | undefined {
  const path = join(configFolder(system), "config.json");
  if (!system.exists(path)) return undefined;
  return text(parse(system.read(path)), "currentContext");
}

// Docker stores a context in a folder named after the SHA-256 of its name: docs.docker.com/engine/manage-resources/contexts
function contextEndpoint(name: string, system: SystemAccess): Endpoint {
  const folder = join(configFolder(system), "contexts");
  const id = createHash("sha256").update(name).digest("hex");
  const path = join(folder, "meta", id, "meta.json");
  const url = system.exists(path) ? text(parse(system.read(path)), "Endpoints", "docker", "Host") : undefined;
  if (!url) {
    throw new LabError("NO_ENGINE", {
      where: `docker context ${name}`,
      found: "there is no such context",
      advice: "List the contexts with docker context ls, and select one: docker context use NAME.",
    });
  }
  const tls = join(folder, "tls", id, "docker");
  return {
    url,
    from: `context ${name}`,
    ...(["ca.pem", "cert.pem"].some((file) => system.exists(join(tls, file))) ? { certificates: tls } : {}),
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function text(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value;
  for (const key of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Reflect.get(at, key);
  }
  return typeof at === "string" ? at : undefined;
}
