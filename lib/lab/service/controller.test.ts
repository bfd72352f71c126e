import { type Ruled, type RuledNode, ServiceController } from "./controller";
import type { ServicePort } from "./model";

const port = (...pods: readonly number[]): ServicePort => ({
  ...{ namespace: "default", name: "web", protocol: "tcp", clusterIP: "10.96.0.2", port: 80 },
  endpoints: pods.map((last) => ({ address: `10.244.1.${last}`, port: 8080, local: true })),
});

/** A node that restores each input only when the test calls answer(), and stores the inputs. */
class SlowNode implements RuledNode {
  readonly name = "node1";
  alive = true;
  readonly inputs: string[] = [];
  failing: Error | undefined;
  #release: (() => void) | undefined;

  async restore(input: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
    if (this.failing) throw this.failing;
    this.inputs.push(input);
  }

  inside(): Promise<unknown> {
    return Promise.resolve();
  }

  async answer(): Promise<void> {
    for (let turn = 0; turn < 20 && this.#release === undefined; turn++) await Promise.resolve();
    this.#release?.();
    this.#release = undefined;
  }
}

function ruled(node: RuledNode, services: () => readonly ServicePort[]): Ruled {
  return { nodes: () => [node], services, options: () => ({}) };
}

test("changes that happen while rules are written are written together afterwards", async () => {
  const node = new SlowNode();
  let now = port(2);
  const controller = new ServiceController(ruled(node, () => [now]));
  const first = controller.changed("web1 started");
  now = port(2, 3);
  const second = controller.changed("web2 started");
  now = port(2, 3, 4);
  const third = controller.changed("web3 started");
  await node.answer();
  await first;
  await node.answer();
  await Promise.all([second, third]);
  expect(node.inputs).toHaveLength(2);
  expect(controller.changes.map(({ causes }) => causes)).toEqual([
    ["web1 started"],
    ["web2 started", "web3 started"],
  ]);
});

test("a change that affects no rule writes nothing", async () => {
  const node = new SlowNode();
  const controller = new ServiceController(ruled(node, () => [port(2)]));
  const made = controller.changed("made");
  await node.answer();
  await made;
  await controller.changed("a pod without a service started");
  expect(node.inputs).toHaveLength(1);
});

test("a failure rejects the caller's promise, and the next change writes all rules again", async () => {
  const node = new SlowNode();
  const controller = new ServiceController(ruled(node, () => [port(2)]));
  node.failing = new Error("Another app is currently holding the xtables lock");
  const lost = controller.changed("made");
  await node.answer();
  await expect(lost).rejects.toThrow("xtables lock");
  node.failing = undefined;
  const again = controller.changed("once more");
  await node.answer();
  await again;
  expect(node.inputs[0]).toContain(":KUBE-POSTROUTING");
});

test("a dead node is skipped, and a closed controller writes nothing", async () => {
  const node = new SlowNode();
  const controller = new ServiceController(ruled(node, () => [port(2)]));
  node.alive = false;
  await controller.changed("made");
  node.alive = true;
  controller.close();
  await controller.changed("too late");
  expect(node.inputs).toEqual([]);
});
