import { Kernel } from "../server/kernel";
import { readConnection } from "../wire/connection";

/** How often the kernel looks whether who started it still lives. */
const PARENT_INTERVAL = 1_000;

/** Runs the kernel until a shutdown, a SIGTERM, or the end of the Jupyter that started it. */
export async function serve(connectionFile: string): Promise<void> {
  const kernel = new Kernel(readConnection(connectionFile));
  const stop = () => void kernel.stop().then(() => process.exit(0));
  process.on("SIGINT", () => void kernel.interrupt());
  process.on("SIGTERM", stop);
  // Jupyter sets JPY_PARENT_PID for kernels that must not outlive it.
  if (process.env["JPY_PARENT_PID"]) {
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && stop(), PARENT_INTERVAL).unref();
  }
  await kernel.serve();
  process.exit(0);
}
