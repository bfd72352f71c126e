import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { home, jupyterEnv, program } from "./home";

const answersWithin = 60_000;

/** How to start JupyterLab. */
export interface LabOptions {
  /** The port, on 127.0.0.1; 0: any that is free; default: 8888 or the next that is free. */
  readonly port?: number;
  /** The folder it shows; default: `notebooks`. */
  readonly folder?: string;
  /** Where its configuration, workspaces and log go; default: `.wirebook/jupyter`. */
  readonly state?: string;
  /** Whether it opens the user's browser; default: no. */
  readonly browser?: boolean;
  /** Whether the page offers its application object to scripts, as `jupyterapp`: for tests; default: no. */
  readonly exposeApp?: boolean;
}

/** A running JupyterLab. */
export interface RunningLab {
  /** Its address with the token: `http://127.0.0.1:8888/lab?token=…`. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Settles with what is left to say when it has ended by itself. */
  readonly ended: Promise<string>;
  /** Ends it and its kernels, and waits until it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts JupyterLab from our Python environment, bound to 127.0.0.1, and waits until it answers.
 *
 * @throws Error `PORT_IN_USE` when the port asked for is taken; `JUPYTERLAB_FAILED` with the end of its log.
 */
export async function startLab(options: LabOptions = {}): Promise<RunningLab> {
  const state = options.state ?? join(home, ".wirebook", "jupyter");
  const port = await choosePort(options.port);
  const token = randomBytes(24).toString("hex");
  mkdirSync(state, { recursive: true });
  const log = join(state, "jupyterlab.log");
  const output = openSync(log, "w");
  const child = spawn(program("jupyter-lab"), flags(port, options), {
    // A session of its own: Ctrl-C reaches only its parent, which ends it in order.
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
    await answers(port, ended);
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

function flags(port: number, { folder, browser, exposeApp }: LabOptions): string[] {
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

async function choosePort(asked: number | undefined): Promise<number> {
  if (asked !== undefined) {
    const port = await free(asked);
    if (port !== undefined) return port;
    throw new Error(
      `PORT_IN_USE  port ${asked} on 127.0.0.1 is taken by another program\n  Choose another: npm start -- --port ${asked + 1}, or see who has it: ss -ltnp 'sport = :${asked}'`,
    );
  }
  for (let next = 8888; next < 8988; next++) {
    const port = await free(next);
    if (port !== undefined) return port;
  }
  throw new Error(
    "PORT_IN_USE  the ports 8888 to 8987 on 127.0.0.1 are all taken\n  Choose one: npm start -- --port N",
  );
}

/** The port when nobody has it, or for 0 one that the system chose; undefined when it is taken. */
function free(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}

async function answers(port: number, ended: Promise<string>): Promise<void> {
  let gone: string | undefined;
  ended.then((why) => {
    gone = why;
  });
  const begun = Date.now();
  while (gone === undefined && Date.now() - begun < answersWithin) {
    const response = await fetch(`http://127.0.0.1:${port}/api`).catch(() => undefined);
    if (response?.ok) return;
    await pause(50);
  }
  throw new Error(
    `JUPYTERLAB_FAILED  ${gone ?? `it does not answer on port ${port} after ${answersWithin / 1000} s`}`,
  );
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(late);
}

function tail(path: string): string {
  return readFileSync(path, "utf8").trimEnd().split("\n").slice(-15).join("\n");
}
