import { Lab } from "../../lib/lab/lab";
import { bareNodePod, barePod } from "./bare";
import { type Bench, type Measure, Times } from "./measure";

const ten = Array.from({ length: 10 }, (_, index) => index);
const bare = "plain engine calls";

/**
 * Opens a lab, and starts pods in the lab and on a node: one at a time and ten in parallel. Pods are compared with the
 * plain engine calls that they need.
 */
export async function* pods(bench: Bench, runs = 3): AsyncIterable<Measure> {
  const engine = await bench.engine();
  const times = new Times();
  for (let run = 1; run <= runs; run++) {
    await bench.run(`run ${run} of ${runs}`, async () => {
      const opened: Lab[] = [];
      await times.take("open", async () => opened.push(await Lab.open("bench-pods", { engine })));
      for (const lab of opened) await inLab(lab, times);
      for (const lab of opened) await lab.close();
    });
  }
  const against = (name: string) => ({
    value: times.median(name),
    unit: "ms" as const,
    peer: { name: bare, value: times.median(`bare ${name}`) },
    limit: 1.15,
  });
  yield { name: "open the first lab", value: times.median("open"), unit: "ms" };
  yield { name: "a pod", ...against("pod") };
  yield { name: "ten pods in parallel", ...against("ten") };
  yield { name: "a pod on a node", ...against("node pod") };
  yield { name: "ten pods on a node in parallel", ...against("node ten") };
}

async function inLab(lab: Lab, times: Times): Promise<void> {
  // The first pod of a node also opens its shell.
  const node = await lab.node("node");
  await node.pod("warm");
  for (let each = 0; each < 4; each++) {
    await times.take("pod", () => lab.pod(`one${each}`));
    await times.take("bare pod", () => barePod(lab, `bare${each}`));
    await times.take("node pod", () => node.pod(`n-one${each}`));
    await times.take("bare node pod", () => bareNodePod(lab, `n-bare${each}`));
  }
  await times.take("ten", () => Promise.all(ten.map((each) => lab.pod(`ten${each}`))));
  await times.take("bare ten", () => Promise.all(ten.map((each) => barePod(lab, `bare-ten${each}`))));
  await times.take("node ten", () => Promise.all(ten.map((each) => node.pod(`n-ten${each}`))));
  await times.take("bare node ten", () =>
    Promise.all(ten.map((each) => bareNodePod(lab, `n-bare-ten${each}`))),
  );
}
