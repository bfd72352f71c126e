import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { LabError } from "../errors/lab-error";

/** Where an engine listens, and why it was chosen. */
export interface Endpoint {
  /** `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2376`, `ssh://me@there`. */
  readonly url: string;
  /** What named it: `DOCKER_HOST`, `context desktop`, `default`. */
  readonly from: string;
  /** Folder with ca.pem, cert.pem and key.pem, for TLS. */
  readonly certificates?: string;
}

/** What {@link findEndpoint} looks at, so that a test can give its own. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly exists: (path: string) => boolean;
  readonly read: (path: string) => string;
}

const here = (): Surroundings => ({
  env: process.env,
  home: homedir(),
  exists: existsSync,
  read: (path) => readFileSync(path, "utf8"),
});

/**
 * Finds the engine as the docker command does: `DOCKER_HOST`, then `DOCKER_CONTEXT` or the current context,
 * then the sockets of Docker, Docker Desktop, rootless Docker and Podman, in that order.
 *
 * @throws LabError `NO_ENGINE` when the chosen context does not exist.
 */
export function findEndpoint(around: Surroundings = here()): Endpoint {
  const { env } = around;
  const host = env["DOCKER_HOST"];
  if (host) return { url: host, from: "DOCKER_HOST", ...environmentTls(host, around) };
  const context = env["DOCKER_CONTEXT"] || currentContext(around);
  if (context && context !== "default") return contextEndpoint(context, around);
  const socket = sockets(around).find((path) => around.exists(path)) ?? "/var/run/docker.sock";
  return { url: `unix://${socket}`, from: "default" };
}

/**
 * The endpoint of an engine that is named: an address, or the name of a docker context. For `tcp://` the certificates
 * are those of the environment, as for `docker -H`.
 *
 * @throws LabError `NO_ENGINE` when there is no such context; `NOT_ENCRYPTED` for `tcp://` to another machine without TLS:
 *   whoever reads or changes what goes over that wire is root on that machine.
 */
export function endpointOf(name: string, around: Surroundings = here()): Endpoint {
  if (!name.includes(":"))
    return name === "default" ? findEndpoint(withoutContext(around)) : contextEndpoint(name, around);
  const endpoint = { url: name, from: "host", ...environmentTls(name, around) };
  if (isPlain(endpoint) && !name.startsWith("http://")) {
    throw new LabError("NOT_ENCRYPTED", {
      where: name,
      found:
        "over this address everything goes unencrypted and unchecked, and who has an engine has its machine",
      advice:
        "Use ssh://, or TLS: DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH=FOLDER. On a wire that is yours alone, say http:// instead of tcp://.",
    });
  }
  return endpoint;
}

/** True where an engine on another machine is reached without TLS. */
export function isPlain({ url, certificates }: Endpoint): boolean {
  const address = /^(?:(tcp|http):\/\/)?(\[[^\]]*\]|[^:/@]+)(?::\d+)?\/?$/.exec(url);
  if (!address || certificates !== undefined) return false;
  return !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(address[2] ?? "");
}

function environmentTls(url: string, { env, home }: Surroundings): { certificates?: string } {
  if (!env["DOCKER_TLS_VERIFY"] || /^(?!tcp|https)[a-z]+:\/\//.test(url)) return {};
  return { certificates: env["DOCKER_CERT_PATH"] || join(home, ".docker") };
}

function withoutContext(around: Surroundings): Surroundings {
  return { ...around, env: { ...around.env, DOCKER_HOST: undefined, DOCKER_CONTEXT: "default" } };
}

function sockets({ env, home }: Surroundings): readonly string[] {
  const runtime = env["XDG_RUNTIME_DIR"];
  return [
    "/var/run/docker.sock",
    join(home, ".docker", "run", "docker.sock"),
    ...(runtime ? [join(runtime, "docker.sock"), join(runtime, "podman", "podman.sock")] : []),
    "/run/podman/podman.sock",
  ];
}

function configFolder({ env, home }: Surroundings): string {
  return env["DOCKER_CONFIG"] || join(home, ".docker");
}

function currentContext(around: Surroundings): string | undefined {
  const path = join(configFolder(around), "config.json");
  if (!around.exists(path)) return undefined;
  return text(parse(around.read(path)), "currentContext");
}

// docker keeps a context under the SHA-256 of its name: docs.docker.com/engine/manage-resources/contexts
function contextEndpoint(name: string, around: Surroundings): Endpoint {
  const folder = join(configFolder(around), "contexts");
  const id = createHash("sha256").update(name).digest("hex");
  const path = join(folder, "meta", id, "meta.json");
  const url = around.exists(path) ? text(parse(around.read(path)), "Endpoints", "docker", "Host") : undefined;
  if (!url) {
    throw new LabError("NO_ENGINE", {
      where: `docker context ${name}`,
      found: "there is no such context",
      advice: "See which there are with docker context ls, and choose one: docker context use NAME.",
    });
  }
  const tls = join(folder, "tls", id, "docker");
  return {
    url,
    from: `context ${name}`,
    ...(["ca.pem", "cert.pem"].some((file) => around.exists(join(tls, file))) ? { certificates: tls } : {}),
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
