import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Engine } from "../../lib/engine";
import { gone } from "./leftovers";

jest.setTimeout(120_000);

test.each(["close", "leave"])(
  "when an engine is killed, every pending call fails, and the process exits by itself (labs: %s)",
  async (labs) => {
    const child = spawn(process.execPath, [join(__dirname, "ended-engine.cjs"), labs], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    // Kills a process that doesn't exit, so that this test fails and not the whole run.
    const deadline = setTimeout(() => child.kill("SIGKILL"), 100_000);
    try {
      const [said, end] = await Promise.all([text(child.stdout), once(child, "exit")]);
      expect(end).toEqual([0, null]);
      const { owner, codes }: { owner: string; codes: Record<string, string> } = JSON.parse(said);
      expect(codes).toEqual({
        wait: "ENGINE_GONE",
        exec: "ENGINE_GONE",
        open: "ENGINE_GONE",
        events: "ENGINE_GONE",
        stop: "ENGINE_GONE",
        after: "ENGINE_GONE",
      });
      await gone(await Engine.connect(), owner);
    } finally {
      clearTimeout(deadline);
    }
  },
);
