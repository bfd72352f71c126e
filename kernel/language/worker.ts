import { parentPort } from "node:worker_threads";
import type { LanguageReply, LanguageRequest } from "./client";
import { HOUSE_PACKAGES, houseFolder } from "./packages";
import { TslabEngine } from "./tslab";

/** The thread in which the language engine lives: checking types never keeps the server from its sockets. */
const port = parentPort;
if (!port) throw new Error("this file runs as a worker thread");

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
 * The first conversion reads and binds the libraries' types: done while the learner still reads, first those of the
 * language, then those of our packages that are here. A question that comes meanwhile comes first.
 */
const warmUp = [
  'const warm = await Promise.all(["a"].map((x) => x.length)); console.log(warm);',
  ...HOUSE_PACKAGES.filter(houseFolder).map(
    (name) => `import * as house from "${name}"; console.log(Object.keys(house));`,
  ),
];

function warm(next = 0): void {
  const code = warmUp[next];
  if (busy || code === undefined) return;
  engine.convert(code);
  setTimeout(() => warm(next + 1), 20);
}
setTimeout(warm, 20);
