import { spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Endpoint, findEndpoint } from "../engine/connection/endpoint";
import { Engine } from "../engine/engine";
import { LabError } from "../engine/errors/lab-error";
import type { Step, Tools } from "./step";

const log = "/var/log/wirebook-dockerd.log";
const START_TIMEOUT_MS = 60_000;
const installCommand = "apt-get install -y --no-install-recommends docker.io iptables";

/**
 * The setup step of the container engine. Uses an engine that answers. Fails if the configured engine (`DOCKER_HOST`
 * or a Docker context) does not answer. Otherwise installs and starts Docker, on Debian or Ubuntu as root.
 */
export const engineStep: Step = {
  name: "container engine",
  async needed() {
    return (await failure()) !== undefined;
  },
  async run(tools) {
    const why = await failure();
    if (why === undefined) return;
    if (findEndpoint().from !== "default" || why.code !== "NO_ENGINE") throw why;
    const manual = await engineByHand();
    if (manual !== undefined) throw manual;
    if (dockerd() === undefined) await tools.install("docker.io", "iptables");
    await start(tools);
  },
};

/**
 * Returns an error with the commands for the user if no engine answers, none is configured, and setup cannot install
 * one. Returns undefined if there is an engine or {@link engineStep} can install one. Without an engine, chapters
 * still run from their recordings.
 */
export async function engineByHand(): Promise<LabError | undefined> {
  const why = await failure();
  const endpoint = findEndpoint();
  if (why?.code !== "NO_ENGINE" || endpoint.from !== "default") return undefined;
  return process.platform === "linux" && process.getuid?.() === 0 ? undefined : byHand(endpoint, why);
}

async function failure(): Promise<LabError | undefined> {
  try {
    await Engine.connect();
    return undefined;
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  }
}

/** The error with the commands that install and start an engine, for a user who is not root. */
function byHand({ url }: Endpoint, cause: LabError): LabError {
  const found = `no container engine answers on ${url}`;
  if (process.platform !== "linux") {
    const advice =
      "Start Docker Desktop or Podman, or set the engine: export DOCKER_HOST=unix:///path/to/docker.sock";
    return new LabError("NO_ENGINE", { where: "set-up", found, advice, cause });
  }
  const startCommand = existsSync("/run/systemd/system")
    ? "sudo systemctl enable --now docker"
    : "sudo service docker start";
  const commands = [
    ...(dockerd() === undefined ? [`sudo ${installCommand}`] : []),
    startCommand,
    `sudo usermod -aG docker ${user()}`,
    "newgrp docker",
  ];
  return new LabError("NO_ENGINE", {
    where: "set-up",
    found: `${found}, and ${dockerd() === undefined ? "installing" : "starting"} one requires root`,
    advice: `Run: ${commands.join(" && ")}\n  Then run the command again. To use an engine on another machine, set DOCKER_HOST.`,
    cause,
  });
}

function user(): string {
  return process.env["USER"] ?? "$(id -un)";
}

function dockerd(): string | undefined {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  return [...path, "/usr/sbin", "/usr/local/sbin", "/usr/bin"]
    .map((folder) => join(folder, "dockerd"))
    .find(existsSync);
}

/**
 * Starts the installed engine and waits until it answers. If installing the package has already started dockerd, the
 * second dockerd finds its pid file and exits.
 */
async function start({ run, progress, signal }: Tools): Promise<void> {
  const systemd = existsSync("/run/systemd/system");
  if (systemd) await run("systemctl", ["start", "docker"]);
  else if ((await failure()) !== undefined) detach();
  progress("waiting for the engine to answer");
  const startedAt = Date.now();
  while ((await failure()) !== undefined) {
    if (Date.now() - startedAt > START_TIMEOUT_MS) {
      throw new LabError("NO_ENGINE", {
        where: "set-up",
        found: `dockerd was started but does not answer after ${START_TIMEOUT_MS / 1000} s`,
        advice: `See its log: ${systemd ? "journalctl -u docker" : `tail ${log}`}`,
      });
    }
    await pause(100, undefined, { signal });
  }
}

/** Starts dockerd in a new session without our streams: otherwise a pipe from setup stays open until dockerd exits. */
function detach(): void {
  const output = openSync(log, "a", 0o640);
  spawn(dockerd() ?? "dockerd", [], { detached: true, cwd: "/", stdio: ["ignore", output, output] }).unref();
}
