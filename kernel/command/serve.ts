import type { TypeCheck } from "../language/engine";
import { isRunning, jupyterParent, PARENT_CHECK_INTERVAL_MS } from "../link/jupyter-parent";
import { Kernel } from "../server/kernel";
import { readConnection } from "../wire/connection";

/**
 * Runs the kernel until it receives a shutdown request or SIGTERM, or until the Jupyter that started it ends.
 * Then exits the process.
 *
 * @param connectionFile - the path of the connection file that Jupyter wrote.
 * @param check - what type errors do.
 * @throws Error when the connection file is invalid or an address is in use.
 */
export async function serve(connectionFile: string, check: TypeCheck): Promise<void> {
  const kernel = new Kernel(readConnection(connectionFile), check);
  const stop = () => void kernel.stop().then(() => process.exit(0));
  process.on("SIGINT", () => void kernel.interrupt());
  process.on("SIGTERM", stop);
  // Ends with the process that started the kernel. If this thread is too busy to notice that end, the executor's watchdog
  // ends this process.
  const parent = jupyterParent();
  if (parent !== undefined) setInterval(() => isRunning(parent) || stop(), PARENT_CHECK_INTERVAL_MS).unref();
  await kernel.serve();
  process.exit(0);
}
