import { Lab } from "../../lib/lab/lab";
import { type Bench, type Measure, took } from "./measure";

/** Each batch is started in parallel. */
const BATCH = 10;

const FEW = 10;
const MANY = 100;

/**
 * Traces a packet to a service with 10 and with 100 endpoints. Each endpoint is a possible end of the path, so the
 * kernel's trace is read in each of them: the time may grow linearly.
 */
export async function* endpoints(bench: Bench): AsyncIterable<Measure> {
  const lab = await Lab.open("bench-endpoints", { engine: await bench.engine() });
  try {
    const node = await lab.node("node1");
    const client = await node.pod("client");
    const ports = { port: 80, targetPort: 8080 };
    const service = await lab.service("web", { selector: { app: "web" }, ...ports, allowEmpty: true });
    let pods = 0;
    const grow = async (count: number): Promise<void> => {
      for (; pods < count; pods += BATCH)
        await Promise.all(
          Array.from({ length: BATCH }, (_, index) =>
            node.pod(`web${pods + index}`, { image: "web", labels: { app: "web" } }),
          ),
        );
    };
    const traced = async (): Promise<number> => {
      const duration = await took(async () => {
        const path = await lab.trace({ from: client, to: service, tcp: 80 });
        if (path.agrees !== true) throw new Error(`the trace does not agree: ${path.unobserved ?? path}`);
      });
      return duration;
    };
    await bench.run(`start ${FEW} endpoints`, () => grow(FEW));
    const few = await bench.run("trace", traced);
    yield { name: `trace to ${FEW} endpoints`, value: few, unit: "ms" };
    await bench.run(`start ${MANY} endpoints`, () => grow(MANY));
    const many = await bench.run("trace", traced);
    const peer = { name: `with ${FEW}`, value: few };
    yield { name: `trace to ${MANY} endpoints`, value: many, unit: "ms", peer, limit: 12 };
  } finally {
    await bench.run("close", () => lab.close());
  }
}
