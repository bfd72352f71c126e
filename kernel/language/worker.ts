import { parentPort, workerData } from "node:worker_threads";
import { BUNDLED_PACKAGES, bundledPackageFolder } from "./bundled-packages";
// Must come before everything that loads the compiler.
import { saveCompiler } from "./compiler-cache";
import { readTypeCheck } from "./engine";
import type { LanguageReply, LanguageRequest } from "./language-client";
import { TslabEngine } from "./tslab-engine";

/** The thread of the language engine. Type checking in it does not block the server's sockets. */
const port = parentPort;
if (!port) throw new Error("this file must run as a worker thread");

const engine = new TslabEngine(process.cwd(), readTypeCheck(workerData));
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
    port.postMessage({ kind: "reply", id, value: answer(request) });
  } catch (error) {
    port.postMessage({ kind: "reply", id, failure: error instanceof Error ? error.message : String(error) });
  }
});

/**
 * The first conversion reads and binds the type declarations of the language. The kernel is not ready before that:
 * a client may measure the time of its first cell.
 */
engine.convert('const warm = await Promise.all(["a"].map((x) => x.length)); console.log(warm);');
port.postMessage({ kind: "ready" });

/** How long the engine must have had nothing to do before it loads the types of the bundled packages. */
const IDLE_MS = 1_000;

/** A client that sends its first cell at once does not wait for types that the cell may not need. */
setTimeout(() => {
  saveCompiler();
  if (busy) return;
  for (const name of BUNDLED_PACKAGES.filter(bundledPackageFolder)) engine.learnPackage(name);
}, IDLE_MS);
