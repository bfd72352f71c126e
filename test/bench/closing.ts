import { label } from "../../lib/engine";
import { Lab } from "../../lib/lab/lab";
import { type Bench, type Measure, Times } from "./measure";

// 21 containers with the outside.
const ten = Array.from({ length: 10 }, (_, index) => `p${index}`);

/**
 * Closes a lab of 20 containers. Compared with the engine removing as many containers in parallel, without the lab's
 * network.
 */
export async function* closing(bench: Bench, runs = 3): AsyncIterable<Measure> {
  const engine = await bench.engine();
  const times = new Times();
  // Keeps the session open: its shutdown is not part of the measurement.
  const keeper = await Lab.open("bench-keeper", { engine });
  const filled = async (): Promise<Lab> => {
    const lab = await Lab.open("bench-closing", { engine });
    await Promise.all(ten.map((name) => lab.pod(name)));
    return lab;
  };
  try {
    for (let run = 1; run <= runs; run++) {
      await bench.run(`run ${run} of ${runs}`, async () => {
        const ours = await filled();
        await times.take("close", () => ours.shut());
        const bare = await filled();
        const all = await engine.containers.list({ [label.opening]: bare.context.opening });
        await times.take("bare", () => Promise.all(all.map(({ id }) => engine.containers.remove(id))));
        await bare.shut();
      });
    }
  } finally {
    await keeper.close();
  }
  const peer = { name: "docker rm -f in parallel", value: times.median("bare") };
  const value = times.median("close");
  yield { name: "close a lab of 20 containers", value, unit: "ms", peer, limit: 1_500, limits: "value" };
}

/** Starts a lab of 50 pods, ten at a time. The total time should grow linearly. */
export async function* curve(bench: Bench): AsyncIterable<Measure> {
  const lab = await Lab.open("bench-curve", { engine: await bench.engine() });
  const times = new Times();
  let first: number | undefined;
  try {
    for (let pods = 10; pods <= 50; pods += 10) {
      const name = `pods ${pods - 9} to ${pods}, each`;
      await bench.run(name, () =>
        times.take(name, () => Promise.all(ten.map((each) => lab.pod(`${each}-${pods}`)))),
      );
      const value = times.median(name) / ten.length;
      const peer =
        first === undefined ? {} : { peer: { name: "the first 10 pods", value: first }, limit: 1.5 };
      first ??= value;
      yield { name, value, unit: "ms", ...peer };
    }
    await bench.run("close", () => times.take("close", () => lab.close()));
    yield { name: "close a lab of 50 pods", value: times.median("close"), unit: "ms" };
  } finally {
    await lab.close();
  }
}
