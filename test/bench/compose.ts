import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { imageTag } from "../../lib/setup/images";
import { networks, type Peer } from "./peer";

const execute = promisify(execFile);
const commands = [["docker", "compose"], ["docker-compose"]] as const;

/** Finds Docker Compose, as a plugin (`docker compose`) or a standalone program (`docker-compose`). */
export async function findCompose(): Promise<Peer | undefined> {
  for (const [program, ...first] of commands) {
    const run = async (...args: readonly string[]): Promise<string> =>
      (await execute(program, [...first, ...args])).stdout;
    const version = await run("version", "--short").catch(() => undefined);
    if (version !== undefined) return compose(`Compose ${version.trim()}`, run);
  }
  return undefined;
}

function compose(name: string, run: (...args: readonly string[]) => Promise<string>): Peer {
  const folder = mkdtempSync(join(tmpdir(), "wirebook-bench-"));
  const project = `wirebook-bench-${process.pid}`;
  const file = join(folder, "compose.json");
  const on = (host: string, ...names: readonly string[]) => ({
    container_name: `${project}-${host}`,
    image: imageTag("base"),
    command: ["sleep", "infinity"],
    cap_drop: ["ALL"],
    cap_add: ["NET_RAW"],
    networks: names,
    stop_grace_period: "0s",
  });
  const leaves = Object.entries(networks).flatMap(([network, hosts]) =>
    hosts.map((host) => [host, on(host, network)] as const),
  );
  const about = {
    version: "3",
    services: { router: on("router", ...Object.keys(networks)), ...Object.fromEntries(leaves) },
    networks: Object.fromEntries(Object.keys(networks).map((network) => [network, {}])),
  };
  const ask = (...args: readonly string[]) => run("-p", project, "-f", file, ...args);
  return {
    name,
    up: async () => {
      writeFileSync(file, JSON.stringify(about));
      await ask("up", "-d");
      return leaves.map(([host]) => ({ container: `${project}-${host}`, router: "router" }));
    },
    down: async () => {
      await ask("down", "-t", "0");
      rmSync(file);
    },
  };
}
