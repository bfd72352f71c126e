import { Kernel } from "../server/kernel";
import { readConnection } from "../wire/connection";

/** How often the kernel checks whether the process that started it is still running. */
const PARENT_CHECK_INTERVAL_MS = 1_000;

/**
 * Runs the kernel until it receives a shutdown request or SIGTERM, or until the Jupyter that started it ends.
 * Then exits the process.
 *
 * @param connectionFile - the path of the connection file that Jupyter wrote.
 * @throws Error when the connection file is invalid or an address is in use.
 */
export async function serve(connectionFile: string): Promise<void> {
  const kernel = new Kernel(readConnection(connectionFile));
  const stop = () => void kernel.stop().then(() => process.exit(0));
  process.on("SIGINT", () => void kernel.interrupt());
  process.on("SIGTERM", stop);
  // Jupyter sets JPY_PARENT_PID for kernels that must exit when Jupyter exits.
  if (process.env["JPY_PARENT_PID"]) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && stop(), PARENT_CHECK_INTERVAL_MS).unref();
  }
  await kernel.serve();
  process.exit(0);
}
