import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { home, jupyterEnv, program } from "./home";

const START_TIMEOUT_MS = 60_000;

/** How to start JupyterLab. */
export interface JupyterLabOptions {
  /** The port on 127.0.0.1; 0 for any free port; default: the first free port from 8888. */
  readonly port?: number;
  /** The folder that JupyterLab shows; default: `notebooks`. */
  readonly folder?: string;
  /** The folder of its configuration, workspaces and log; default: `.wirebook/jupyter`. */
  readonly state?: string;
  /** Whether to open the user's browser; default: false. */
  readonly browser?: boolean;
  /** Whether scripts in the page can access the application as `jupyterapp`, for tests; default: false. */
  readonly exposeApp?: boolean;
}

/** A running JupyterLab. */
export interface RunningJupyterLab {
  /** The address with the token: `http://127.0.0.1:8888/lab?token=…`. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Resolves when JupyterLab has ended, with the reason and the end of its log. */
  readonly ended: Promise<string>;
  /** Ends JupyterLab and its kernels. Resolves when it has ended. */
  stop(): Promise<void>;
}

/**
 * Starts JupyterLab from the Python environment, bound to 127.0.0.1, and waits until it answers.
 *
 * @throws Error `PORT_IN_USE` when the requested port is taken; `JUPYTERLAB_FAILED`, with the end of the log, when
 * JupyterLab does not answer within 60 s.
 */
export async function startJupyterLab(options: JupyterLabOptions = {}): Promise<RunningJupyterLab> {
  const state = options.state ?? join(home, ".wirebook", "jupyter");
  const port = await choosePort(options.port);
  const token = randomBytes(24).toString("hex");
  mkdirSync(state, { recursive: true });
  const log = join(state, "jupyterlab.log");
  const output = openSync(log, "w");
  const child = spawn(program("jupyter-lab"), flags(port, options), {
    // In its own session, so that Ctrl-C reaches only this process, which then stops JupyterLab.
    detached: true,
    stdio: ["ignore", output, output],
    env: { ...process.env, ...jupyterEnv(state), JUPYTER_TOKEN: token },
  });
  closeSync(output);
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) =>
      resolve(`JupyterLab ended (${signal ?? `exit code ${code}`})\n${tail(log)}`),
    );
  });
  try {
    await waitForAnswer(port, ended);
  } catch (error) {
    await stop(child, ended);
    throw error;
  }
  return {
    url: `http://127.0.0.1:${port}/lab?token=${token}`,
    port,
    token,
    ended,
    stop: () => stop(child, ended),
  };
}

function flags(port: number, { folder, browser, exposeApp }: JupyterLabOptions): string[] {
  return [
    "--ServerApp.ip=127.0.0.1",
    `--ServerApp.port=${port}`,
    "--ServerApp.port_retries=0",
    `--ServerApp.root_dir=${folder ?? join(home, "notebooks")}`,
    `--ServerApp.open_browser=${browser === true ? "True" : "False"}`,
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    ...(exposeApp === true ? ["--LabApp.expose_app_in_browser=True"] : []),
    ...(process.getuid?.() === 0 ? ["--allow-root"] : []),
  ];
}

async function choosePort(requested: number | undefined): Promise<number> {
  if (requested !== undefined) {
    const port = await freePort(requested);
    if (port !== undefined) return port;
    throw new Error(
      `PORT_IN_USE  port ${requested} on 127.0.0.1 is used by another program\n  Choose another port: npm start -- --port ${requested + 1}, or find the program: ss -ltnp 'sport = :${requested}'`,
    );
  }
  for (let next = 8888; next < 8988; next++) {
    const port = await freePort(next);
    if (port !== undefined) return port;
  }
  throw new Error(
    "PORT_IN_USE  the ports 8888 to 8987 on 127.0.0.1 are all in use\n  Choose another port: npm start -- --port N",
  );
}

/** Returns the port if it is free, or a free port for 0. Returns undefined when the port is in use. */
function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}

async function waitForAnswer(port: number, ended: Promise<string>): Promise<void> {
  let endReason: string | undefined;
  ended.then((reason) => {
    endReason = reason;
  });
  const startedMs = Date.now();
  while (endReason === undefined && Date.now() - startedMs < START_TIMEOUT_MS) {
    const response = await fetch(`http://127.0.0.1:${port}/api`).catch(() => undefined);
    if (response?.ok) return;
    await pause(50);
  }
  throw new Error(
    `JUPYTERLAB_FAILED  ${endReason ?? `JupyterLab did not answer on port ${port} within ${START_TIMEOUT_MS / 1000} s`}`,
  );
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(timer);
}

function tail(path: string): string {
  return readFileSync(path, "utf8").trimEnd().split("\n").slice(-15).join("\n");
}
