// Implements npm start, npm test, npm run check and the other scripts of package.json: runs the setup steps that are
// needed, then the command. Written in plain JavaScript without dependencies, because it runs before npm packages are
// installed. It is the only module that loads both the library and the kernel.
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
  npm run test:coverage [-- JEST OPTIONS]  run all tests; write the coverage to .wirebook/coverage
  npm run check                            check types, format, lint, imports, unused code and docs
  npm run watch                            rebuild whenever a file changes
  npm run chapters [-- NAME…]              execute the chapters whose names begin with NAME (default: all)
  npm run chapters -- --record [NAME…]     execute and record them; --replay [NAME…] runs the recordings
  npm run bench [-- NAME…]                 run the benchmarks

Each command first installs or builds what is missing: npm packages, the build, a container engine, images,
a Python environment.`;

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
  // All three install Debian packages, one at a time. Other steps wait for the engine and Python, so those go first.
  chromium: {
    after: ["engine", "python"],
    load: async () => ({
      name: "Chromium",
      needed: async () => chromium() === undefined,
      run: (tools) => tools.install("chromium"),
    }),
  },
};

/** Returns whether the packages in node_modules (according to npm's record there) differ from the lock file. */
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
  // No dependency needs its install script: they only compile optional parts, or parts that exist as binaries.
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
  const startedAt = new Date();
  await run(process.execPath, [at("node_modules/typescript/bin/tsc"), "-b", root]);
  mkdirSync(state, { recursive: true });
  writeFileSync(buildStamp, startedAt.toISOString());
}

/** Returns the path of the system's Chromium or Chrome. */
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
/** The steps that are running: name of the step → {since, text}. */
const busy = new Map();

/** Runs the steps named in `wanted` and those they depend on. Independent steps run in parallel. */
async function runSteps(...wanted) {
  const started = new Map();
  const once = (key) => {
    if (!started.has(key))
      started.set(
        key,
        Promise.all(steps[key].after.map(once)).then(() => step(key)),
      );
    return started.get(key);
  };
  const ticker = setInterval(tick, process.stdout.isTTY ? 200 : 20_000);
  try {
    // Wait for all steps before throwing the first failure: otherwise the process would exit while others run.
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

/** Runs a command and waits until it exits. Rejects with its last lines of output if it fails. */
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
    const fail = (reason) =>
      reject(new Error(`COMMAND_FAILED  ${[command, ...args].join(" ")}: ${reason}\n${last.join("\n")}`));
    child.once("error", (error) => fail(error.message));
    // Wait for "exit", not "close": a daemon started by a package keeps the pipe open while it runs.
    child.once("exit", (code, signal) => {
      children.delete(child);
      setImmediate(() =>
        code === 0 ? resolve() : fail(signal ? `killed by ${signal}` : `exit code ${code}`),
      );
    });
  });
}

let apt = Promise.resolve();
let listsAreFresh = false;

/** Installs Debian packages. Concurrent calls run one after another. */
function install(packages, run) {
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    const advice = existsSync("/usr/bin/apt-get")
      ? `Run: sudo ${command}`
      : `Install it with this system's package manager`;
    throw new Error(
      `PACKAGE_MISSING  set-up: ${packages.join(", ")} is not installed, and installing it requires root and apt-get\n  ${advice}, then run this command again.`,
    );
  }
  const options = ["-o", "DPkg::Lock::Timeout=300", "-q"];
  const installed = apt.then(async () => {
    if (!listsAreFresh) await run("apt-get", [...options, "update"]);
    listsAreFresh = true;
    await run("apt-get", [...options, "install", "-y", "--no-install-recommends", ...packages]);
  });
  apt = installed.catch(() => {});
  return installed;
}

// --- output ----------------------------------------------------------------------------------------------------

const seconds = (name) => `${((Date.now() - busy.get(name).since) / 1000).toFixed(1).padStart(6)} s`;
const clearLine = process.stdout.isTTY ? "\r\x1b[2K" : "";

function say(line) {
  process.stdout.write(`${clearLine}${line}\n`);
}

/** Prints the running steps: as one line that is updated on a terminal, else as a line per step every 20 s. */
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

/** Handles SIGINT, SIGTERM and SIGHUP: stops all child processes and prints which steps were interrupted. */
function interrupt(signal) {
  if (interrupted) process.exit(128 + constants.signals[signal]);
  interrupted = true;
  stopping.abort(new Error("stopped"));
  for (const child of children) child.kill("SIGTERM");
  const where = [...busy.keys()].join(", ");
  if (where) say(`Interrupted: ${where}. Run the same command again to continue.`);
  // The steps clean up and exit on SIGTERM. Kill those that don't.
  setTimeout(() => {
    for (const child of children) child.kill("SIGKILL");
  }, 2_000).unref();
  setTimeout(() => process.exit(128 + constants.signals[signal]), 5_000).unref();
}

// --- commands --------------------------------------------------------------------------------------------------

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
      `BAD_PORT  --port ${values.port}: not a port number\n  Use a whole number from 1 to 65535.`,
    );
  }
  await runSteps("build");
  const engineError = await (await library()).engineByHand();
  await (engineError === undefined ? runSteps("images", "kernel") : runSteps("kernel"));
  if (engineError !== undefined) {
    say(
      `${engineError.message}\n\nUntil then the chapters run from their recordings: with all pictures, but without containers.`,
    );
  }
  const lab = await (await jupyter()).startJupyterLab({
    ...(port && { port }),
    browser: !values["no-browser"],
  });
  stopping.signal.addEventListener("abort", () => lab.stop());
  if (stopping.signal.aborted) await lab.stop();
  say(`\nWirebook is running at ${lab.url}\nPress Ctrl-C to stop it.`);
  const end = await lab.ended;
  if (!interrupted) throw new Error(`JUPYTERLAB_FAILED  ${end}`);
  say("JupyterLab has stopped.");
}

async function test(args) {
  await runSteps("images", "kernel", "chromium");
  return runJest(args);
}

/** Runs all tests, and counts what they execute, also in the processes that they start. */
async function coverage(args) {
  await runSteps(...(args.includes("pure") ? ["build"] : ["images", "kernel", "chromium"]));
  const folder = join(state, "coverage");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await handOver(process.execPath, [at("test/code-coverage/instrument.cjs"), folder], {});
  const code = await runJest(["--coverage", ...args], {
    WIREBOOK_COVERAGE: folder,
    NODE_OPTIONS: `--require="${at("test/code-coverage/collect.cjs")}"`,
  });
  await handOver(process.execPath, [at("test/code-coverage/report.cjs"), folder], {});
  return code;
}

async function runJest(args, env = {}) {
  const report = join(state, "reports", "jest.json");
  rmSync(report, { force: true });
  // Two workers: labs of different processes don't affect each other, and lab tests mostly wait.
  const jest = [
    at("node_modules/jest/bin/jest.js"),
    "--maxWorkers=2",
    "--json",
    "--outputFile",
    report,
    ...args,
  ];
  const ended = handOver(process.execPath, jest, { WIREBOOK_CHROMIUM: chromium(), ...env });
  // Jest writes the report last. If a test has left a handle open, Jest would never exit: kill it after 10 s.
  const watch = setInterval(() => {
    if (!existsSync(report)) return;
    clearInterval(watch);
    setTimeout(() => {
      for (const child of children) child.kill("SIGKILL");
    }, 10_000).unref();
  }, 1_000);
  const code = await ended;
  clearInterval(watch);
  if (code === 128 + constants.signals.SIGKILL) say("✕ Jest did not exit: a test has left a handle open.");
  if (existsSync(report)) {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(report, "utf8"),
    );
    // The report has no counts if Jest only listed tests or printed its configuration.
    if (numPassedTests !== undefined)
      say(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed`);
  }
  return code;
}

/** Runs the tests of the first layer. They need only the build: no engine, no Python, no browser. */
async function testPure(args) {
  await runSteps("build");
  // --selectProjects must be last: it takes all following arguments as project names.
  const jest = [at("node_modules/jest/bin/jest.js"), ...args, "--selectProjects", "pure"];
  return handOver(process.execPath, jest, {});
}

/** Runs all static checks. Continues after a failure, so that one run reports all problems. */
async function check() {
  await runSteps("build");
  const imports = ["--config", ".dependency-cruiser.cjs", "lib", "kernel"];
  const checks = [
    ["types of the tests", "node_modules/typescript/bin/tsc", "-p", "test"],
    ["format and lint", "node_modules/@biomejs/biome/bin/biome", "check"],
    ["imports", "node_modules/dependency-cruiser/bin/dependency-cruise.mjs", ...imports],
    ["unused exports, files and packages", "node_modules/knip/bin/knip.js"],
    ["documented exports", "test/checks/documented.mjs"],
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
  await runSteps("packages");
  return handOver(process.execPath, [at("node_modules/typescript/bin/tsc"), "-b", "--watch", root], {});
}

async function chapters(args) {
  // A replay needs no engine.
  await (args.includes("--replay") ? runSteps("kernel") : runSteps("images", "kernel"));
  const { program, jupyterEnv } = await jupyter();
  return handOver(program("python"), [at("kernel/setup/chapters.py"), ...args], jupyterEnv());
}

async function bench(args) {
  await runSteps("images", "kernel");
  return handOver(process.execPath, [at("test/run-ts.cjs"), at("test/bench/main.ts"), ...args], {});
}

/** Runs a program with our stdin, stdout and stderr, and returns its exit code. */
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
const commands = {
  start,
  test,
  "test:pure": testPure,
  "test:coverage": coverage,
  check,
  watch,
  chapters,
  bench,
};
try {
  if (!Object.hasOwn(commands, command)) throw new Error(usage);
  process.exitCode = await commands[command](args);
} catch (error) {
  if (interrupted) process.exitCode = 130;
  else {
    say(error.message);
    // The original message of the engine or the kernel.
    if (error.name === "LabError" && error.cause?.message && error.cause.name !== "LabError")
      say(`  (${error.cause.message})`);
    process.exitCode = 1;
  }
}
