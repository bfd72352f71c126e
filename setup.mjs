// Runs npm start, npm test, npm run check and the other commands of package.json: it brings what is missing, a step at
// a time, and then does what was asked. Plain JavaScript with Node's own modules, because it runs before anything
// is installed; and the one place where the library and the kernel meet.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

const root = import.meta.dirname;
const at = (...path) => join(root, ...path);
const state = at(".wirebook");
const library = () => import("./lib/dist/setup/index.js");
const jupyter = () => import("./kernel/dist/setup/index.js");

const usage = `Usage:
  npm start [-- --port N] [--no-browser]   open the chapters in JupyterLab
  npm test [-- JEST OPTIONS]               run all tests
  npm run test:pure [-- JEST OPTIONS]      run the tests that need no engine, no Python and no browser
  npm run test:coverage [-- JEST OPTIONS]  run all tests, and write which lines they reach to .wirebook/coverage
  npm run check                            check types, format and lint
  npm run watch                            build again whenever a file changes
  npm run chapters [-- NAME…]              execute the chapters whose names begin so (default: all)
  npm run chapters -- --record [NAME…]     the same, and record them; --replay [NAME…] runs from the recordings
  npm run bench [-- NAME…]                 measure

Each first brings what is missing: npm packages, the build, a container engine, images, a Python environment.`;

// --- the steps -------------------------------------------------------------------------------------------------

/** @type {Record<string, {after: string[], load: () => Promise<{name: string, needed(): Promise<boolean>, run(tools: object): Promise<void>}>}>} */
const steps = {
  packages: {
    after: [],
    load: async () => ({ name: "npm packages", needed: packagesDiffer, run: installPackages }),
  },
  build: { after: ["packages"], load: async () => ({ name: "build", needed: sourcesAreNewer, run: build }) },
  engine: { after: ["build"], load: async () => (await library()).engineStep },
  images: { after: ["engine"], load: async () => (await library()).imagesStep },
  python: { after: ["build"], load: async () => (await jupyter()).pythonStep },
  kernel: { after: ["python"], load: async () => (await jupyter()).kernelStep },
  // After the engine and Python, as all three install Debian packages, and those two have more to do behind them.
  chromium: {
    after: ["engine", "python"],
    load: async () => ({
      name: "Chromium",
      needed: async () => chromium() === undefined,
      run: (tools) => tools.install("chromium"),
    }),
  },
};

/** Whether the packages in node_modules, by npm's own record of them, are not the ones of the lock file. */
async function packagesDiffer() {
  const record = at("node_modules", ".package-lock.json");
  if (!existsSync(record)) return true;
  const locked = JSON.parse(readFileSync(at("package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(record, "utf8")).packages;
  return Object.entries(locked).some(
    ([path, { version, optional, link }]) =>
      path.startsWith("node_modules/") && !optional && !link && installed[path]?.version !== version,
  );
}

async function installPackages({ run }) {
  const npm = process.env.npm_execpath;
  // No dependency needs its install script: what they would compile is optional, or there as a binary.
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  await (npm?.endsWith(".js") ? run(process.execPath, [npm, ...args]) : run("npm", args));
}

const buildStamp = join(state, "built");

async function sourcesAreNewer() {
  if (!existsSync(buildStamp) || !existsSync(at("lib/dist")) || !existsSync(at("kernel/dist"))) return true;
  const built = statSync(buildStamp).mtimeMs;
  const newer = (folder) =>
    readdirSync(folder, { withFileTypes: true }).some((entry) => {
      if (["dist", "node_modules"].includes(entry.name)) return false;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return newer(path);
      return (
        /\.(ts|json)$/.test(entry.name) && !entry.name.endsWith(".test.ts") && statSync(path).mtimeMs > built
      );
    });
  return statSync(at("package-lock.json")).mtimeMs > built || newer(at("lib")) || newer(at("kernel"));
}

async function build({ run }) {
  rmSync(buildStamp, { force: true });
  const begun = new Date();
  await run(process.execPath, [at("node_modules/typescript/bin/tsc"), "-b", root]);
  mkdirSync(state, { recursive: true });
  writeFileSync(buildStamp, begun.toISOString());
}

/** The path of the system's Chromium or Chrome. */
function chromium() {
  if (process.env.WIREBOOK_CHROMIUM) return process.env.WIREBOOK_CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}

// --- running them ----------------------------------------------------------------------------------------------

const stopping = new AbortController();
const children = new Set();
/** What is being done right now: name of the step → {since, text}. */
const busy = new Map();

/** Brings everything that `wanted` names, each step when the ones before it are done; side by side where they can. */
async function bring(...wanted) {
  const begun = new Map();
  const once = (key) => {
    if (!begun.has(key))
      begun.set(
        key,
        Promise.all(steps[key].after.map(once)).then(() => step(key)),
      );
    return begun.get(key);
  };
  const ticker = setInterval(tick, process.stdout.isTTY ? 200 : 20_000);
  try {
    // All of them settle before the first failure is told: what goes on would be cut off in the middle.
    await Promise.allSettled(wanted.map(once));
    stopping.signal.throwIfAborted();
  } finally {
    clearInterval(ticker);
  }
}

async function step(key) {
  try {
    stopping.signal.throwIfAborted();
    const { name, needed, run } = await steps[key].load();
    if (!(await needed())) return;
    busy.set(name, { since: Date.now(), text: "" });
    const done = await run(toolsFor(name)).then(
      () => "✓",
      (error) => {
        stopping.abort(error);
        return stopping.signal.reason === error ? "✕" : "■";
      },
    );
    if (!interrupted) say(`${done} ${name.padEnd(20)} ${seconds(name)}`);
    if (!interrupted) busy.delete(name);
  } catch (error) {
    stopping.abort(error);
  }
  stopping.signal.throwIfAborted();
}

function toolsFor(name) {
  const progress = (text) => {
    const entry = busy.get(name);
    if (entry) entry.text = text.slice(text.lastIndexOf("\n") + 1);
  };
  const run = (command, args, options) => execute(command, args, { ...options, progress });
  return { progress, run, install: (...packages) => install(packages, run), signal: stopping.signal };
}

/** Runs a command to its end; fails with its last lines. */
function execute(command, args, { output = "pipe", progress }) {
  stopping.signal.throwIfAborted();
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", output, "pipe"],
    signal: stopping.signal,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_MODE: "a" },
  });
  children.add(child);
  const last = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on("line", (line) => {
      last.push(line);
      if (last.length > 15) last.shift();
      progress(line);
    });
  }
  return new Promise((resolve, reject) => {
    const fail = (how) =>
      reject(new Error(`COMMAND_FAILED  ${[command, ...args].join(" ")}: ${how}\n${last.join("\n")}`));
    child.once("error", (error) => fail(error.message));
    // "exit", not "close": a daemon that a package starts may keep the pipe open for as long as it lives.
    child.once("exit", (code, signal) => {
      children.delete(child);
      setImmediate(() =>
        code === 0 ? resolve() : fail(signal ? `ended by ${signal}` : `exit code ${code}`),
      );
    });
  });
}

let apt = Promise.resolve();
let listsAreFresh = false;

/** Installs Debian packages, one caller after the other. */
function install(packages, run) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    const how = existsSync("/usr/bin/apt-get")
      ? `Run: sudo ${command}`
      : `Install it with this system's package manager`;
    throw new Error(
      `PACKAGE_MISSING  set-up: ${packages.join(", ")} is not installed, and to install it takes root and apt\n  ${how}, then run this again.`,
    );
  }
  const patient = ["-o", "DPkg::Lock::Timeout=300", "-q"];
  const mine = apt.then(async () => {
    if (!listsAreFresh) await run("apt-get", [...patient, "update"]);
    listsAreFresh = true;
    await run("apt-get", [...patient, "install", "-y", "--no-install-recommends", ...packages]);
  });
  apt = mine.catch(() => {});
  return mine;
}

// --- saying ----------------------------------------------------------------------------------------------------

const seconds = (name) => `${((Date.now() - busy.get(name).since) / 1000).toFixed(1).padStart(6)} s`;
const clearLine = process.stdout.isTTY ? "\r\x1b[2K" : "";

function say(line) {
  process.stdout.write(`${clearLine}${line}\n`);
}

/** What is being done: a line that changes on a terminal, a line now and then in a pipe. */
function tick() {
  const doing = [...busy].map(([name, { text }]) => `${name} ${seconds(name).trim()}${text && `: ${text}`}`);
  if (doing.length === 0 || interrupted) return;
  if (!process.stdout.isTTY) for (const line of doing) say(`  … ${line.slice(0, 150)}`);
  else {
    const width = Math.floor((process.stdout.columns ?? 80) / doing.length) - 3;
    process.stdout.write(`${clearLine}${doing.map((text) => text.slice(0, width)).join(" │ ")}`);
  }
}

let interrupted = false;

/** Ctrl-C and its like: everything that was started ends, and the user reads where it stopped. */
function interrupt(signal) {
  if (interrupted) process.exit(128 + constants.signals[signal]);
  interrupted = true;
  stopping.abort(new Error("stopped"));
  for (const child of children) child.kill("SIGTERM");
  const where = [...busy.keys()].join(", ");
  if (where)
    say(`Stopped in: ${where}. Nothing is broken: run the same command again and it goes on from there.`);
  // The steps end by themselves and leave nothing behind; what does not is ended.
  setTimeout(() => {
    for (const child of children) child.kill("SIGKILL");
  }, 2_000).unref();
  setTimeout(() => process.exit(128 + constants.signals[signal]), 5_000).unref();
}

// --- what was asked --------------------------------------------------------------------------------------------

async function start(args) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: "string" },
      "no-browser": { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return say(usage);
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new Error(
      `BAD_PORT  --port ${values.port}: this is not a port\n  A port is a whole number from 1 to 65535.`,
    );
  }
  await bring("build");
  const byHand = await (await library()).engineByHand();
  await (byHand === undefined ? bring("images", "kernel") : bring("kernel"));
  if (byHand !== undefined) {
    say(
      `${byHand.message}\n\nUntil then the chapters run from their recordings: every picture, and no container.`,
    );
  }
  const lab = await (await jupyter()).startJupyterLab({
    ...(port && { port }),
    browser: !values["no-browser"],
  });
  stopping.signal.addEventListener("abort", () => lab.stop());
  if (stopping.signal.aborted) await lab.stop();
  say(`\nWirebook is open at ${lab.url}\nCtrl-C ends it.`);
  const end = await lab.ended;
  if (!interrupted) throw new Error(`JUPYTERLAB_FAILED  ${end}`);
  say("JupyterLab has ended.");
}

async function test(args) {
  await bring("images", "kernel", "chromium");
  const report = join(state, "reports", "jest.json");
  rmSync(report, { force: true });
  // Two files at once: labs of several processes never meet on an engine, and most of a lab's time is waiting.
  const jest = [
    at("node_modules/jest/bin/jest.js"),
    "--maxWorkers=2",
    "--json",
    "--outputFile",
    report,
    ...args,
  ];
  const ended = handOver(process.execPath, jest, { WIREBOOK_CHROMIUM: chromium() });
  // The report is Jest's last act. A test that leaves something open would keep it, and whoever waits, for ever.
  const watch = setInterval(() => {
    if (!existsSync(report)) return;
    clearInterval(watch);
    setTimeout(() => {
      for (const child of children) child.kill("SIGKILL");
    }, 10_000).unref();
  }, 1_000);
  const code = await ended;
  clearInterval(watch);
  if (code === 128 + constants.signals.SIGKILL)
    say("✕ Jest did not end by itself: a test has left something open.");
  if (existsSync(report)) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(report, "utf8"),
    );
    // Nothing is counted when Jest only listed, or only showed its settings.
    if (numPassedTests !== undefined)
      say(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
  }
  return code;
}

/** The tests of the first layer. They run on what the build step brings: no engine, no Python, no browser. */
async function testPure(args) {
  await bring("build");
  // Last, since the option takes every word that follows it for the name of a project.
  const jest = [at("node_modules/jest/bin/jest.js"), ...args, "--selectProjects", "pure"];
  return handOver(process.execPath, jest, {});
}

/** Everything that can be found without running the code. All checks run, so that one run shows all that is wrong. */
async function check() {
  await bring("build");
  const checks = [
    ["types of the tests", "node_modules/typescript/bin/tsc", "-p", "test"],
    ["format and lint", "node_modules/@biomejs/biome/bin/biome", "check"],
  ];
  let failed = 0;
  for (const [name, program, ...args] of checks) {
    const code = await handOver(process.execPath, [at(program), ...args], {});
    say(`${code === 0 ? "✓" : "✕"} ${name}`);
    if (code !== 0) failed += 1;
  }
  return failed === 0 ? 0 : 1;
}

async function watch() {
  await bring("packages");
  return handOver(process.execPath, [at("node_modules/typescript/bin/tsc"), "-b", "--watch", root], {});
}

async function chapters(args) {
  // A replay needs no engine.
  await (args.includes("--replay") ? bring("kernel") : bring("images", "kernel"));
  const { program, jupyterEnv } = await jupyter();
  return handOver(program("python"), [at("kernel/setup/chapters.py"), ...args], jupyterEnv());
}

async function bench(args) {
  await bring("images", "kernel");
  return handOver(process.execPath, [at("test/run-ts.cjs"), at("test/bench/main.ts"), ...args], {});
}

/** Gives the terminal to a program, and returns its exit code. */
function handOver(command, args, env) {
  mkdirSync(join(state, "reports"), { recursive: true });
  const child = spawn(command, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  children.add(child);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      children.delete(child);
      resolve(code ?? 128 + constants.signals[signal]);
    });
  });
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => interrupt(signal));
const [command, ...args] = process.argv.slice(2);
const commands = { start, test, "test:pure": testPure, check, watch, chapters, bench };
try {
  if (!Object.hasOwn(commands, command)) throw new Error(usage);
  process.exitCode = await commands[command](args);
} catch (error) {
  if (interrupted) process.exitCode = 130;
  else {
    say(error.message);
    // What the engine or the kernel itself said.
    if (error.name === "LabError" && error.cause?.message && error.cause.name !== "LabError")
      say(`  (${error.cause.message})`);
    process.exitCode = 1;
  }
}
