import { parentPort } from "node:worker_threads";
import { BUNDLED_PACKAGES, bundledPackageFolder } from "./bundled-packages";
import type { LanguageReply, LanguageRequest } from "./language-client";
import { TslabEngine } from "./tslab-engine";

/** The thread of the language engine. Type checking in it does not block the server's sockets. */
const port = parentPort;
if (!port) throw new Error("this file must run as a worker thread");

const engine = new TslabEngine(process.cwd());
let busy = false;

function answer(request: LanguageRequest): LanguageReply["value"] {
  switch (request.method) {
    case "convert":
      return engine.convert(request.code);
    case "commit":
      engine.commit(request.defined);
      return undefined;
    case "reset":
      engine.reset();
      return undefined;
    case "complete":
      return engine.complete(request.code, request.position);
    case "inspect":
      return engine.inspect(request.code, request.position);
    case "isComplete":
      return engine.isComplete(request.code);
  }
}

port.on("message", ({ id, request }: { id: number; request: LanguageRequest }) => {
  busy = true;
  try {
    port.postMessage({ id, value: answer(request) });
  } catch (error) {
    port.postMessage({ id, failure: error instanceof Error ? error.message : String(error) });
  }
});

/**
 * The first conversion reads and binds the type declarations of the libraries. These conversions do that
 * before the first cell arrives: first for the language, then for the bundled packages. A request stops
 * the warm-up.
 */
const warmUpCells = [
  'const warm = await Promise.all(["a"].map((x) => x.length)); console.log(warm);',
  ...BUNDLED_PACKAGES.filter(bundledPackageFolder).map(
    (name) => `import * as bundled from "${name}"; console.log(Object.keys(bundled));`,
  ),
];

function warmUp(next = 0): void {
  const code = warmUpCells[next];
  if (busy || code === undefined) return;
  engine.convert(code);
  setTimeout(() => warmUp(next + 1), 20);
}
setTimeout(warmUp, 20);
