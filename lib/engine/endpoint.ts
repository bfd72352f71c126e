import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { LabError } from "./error";

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
  if (host) {
    const tls = env["DOCKER_TLS_VERIFY"]
      ? (env["DOCKER_CERT_PATH"] ?? join(around.home, ".docker"))
      : undefined;
    return { url: host, from: "DOCKER_HOST", ...(tls ? { certificates: tls } : {}) };
  }
  const context = env["DOCKER_CONTEXT"] || currentContext(around);
  if (context && context !== "default") return contextEndpoint(context, around);
  const socket = sockets(around).find((path) => around.exists(path)) ?? "/var/run/docker.sock";
  return { url: `unix://${socket}`, from: "default" };
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
    ...(around.exists(join(tls, "cert.pem")) ? { certificates: tls } : {}),
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
