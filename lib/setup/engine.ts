import { spawn } from "node:child_process";
import { existsSync, openSync } from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Endpoint, findEndpoint } from "../engine/connection/endpoint";
import { Engine } from "../engine/engine";
import { LabError } from "../engine/errors/lab-error";
import type { Step, Tools } from "./step";

const log = "/var/log/wirebook-dockerd.log";
const readyWithin = 60_000;
const install = "apt-get install -y --no-install-recommends docker.io iptables";

/**
 * The container engine. One that answers is used as it is; one that was named (`DOCKER_HOST`, a context) and does
 * not answer is an error. Else, on Debian or Ubuntu and as root, Docker is installed and started.
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
    const hand = await engineByHand();
    if (hand !== undefined) throw hand;
    if (dockerd() === undefined) await tools.install("docker.io", "iptables");
    await start(tools);
  },
};

/**
 * What the user has to do where no engine answers, none was named, and set-up may not install one; undefined where there
 * is an engine, or the step above will bring one. Chapters can be run from their recordings meanwhile.
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

/** The commands that bring an engine to this machine, for a user who is not root. */
function byHand({ url }: Endpoint, cause: LabError): LabError {
  const found = `no container engine answers on ${url}`;
  if (process.platform !== "linux") {
    const advice =
      "Start Docker Desktop or Podman, or name an engine: export DOCKER_HOST=unix:///path/to/docker.sock";
    return new LabError("NO_ENGINE", { where: "set-up", found, advice, cause });
  }
  const begin = existsSync("/run/systemd/system")
    ? "sudo systemctl enable --now docker"
    : "sudo service docker start";
  const commands = [
    ...(dockerd() === undefined ? [`sudo ${install}`] : []),
    begin,
    `sudo usermod -aG docker ${user()}`,
    "newgrp docker",
  ];
  return new LabError("NO_ENGINE", {
    where: "set-up",
    found: `${found}, and to ${dockerd() === undefined ? "install" : "start"} one takes root`,
    advice: `Run: ${commands.join(" && ")}\n  Then run the command again. An engine elsewhere is used with DOCKER_HOST=….`,
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
 * Starts the installed engine and waits until it answers. Where installing the package has already started one,
 * the second finds its pid file and ends by itself.
 */
async function start({ run, progress, signal }: Tools): Promise<void> {
  const systemd = existsSync("/run/systemd/system");
  if (systemd) await run("systemctl", ["start", "docker"]);
  else if ((await failure()) !== undefined) detach();
  progress("waiting until it answers");
  const begun = Date.now();
  while ((await failure()) !== undefined) {
    if (Date.now() - begun > readyWithin) {
      throw new LabError("NO_ENGINE", {
        where: "set-up",
        found: `dockerd was started and does not answer after ${readyWithin / 1000} s`,
        advice: `Look why: ${systemd ? "journalctl -u docker" : `tail ${log}`}`,
      });
    }
    await pause(100, undefined, { signal });
  }
}

/** In a session of its own and with no stream of ours: whoever pipes set-up's output must not wait for the daemon. */
function detach(): void {
  const output = openSync(log, "a", 0o640);
  spawn(dockerd() ?? "dockerd", [], { detached: true, cwd: "/", stdio: ["ignore", output, output] }).unref();
}
