import type { Lab } from "../../lib/lab/lab";
import { imageTag } from "../../lib/setup/images";

/** Creates the same containers as `lab.pod`, with only the engine calls. */
export async function barePod(lab: Lab, name: string): Promise<void> {
  const { context, engine } = lab;
  const pause = await engine.containers.create({
    ...context.home.spec(name, "pod", imageTag("pause")),
    network: context.network,
    address: context.pool.take(name),
    capabilities: [],
  });
  await engine.containers.start(pause);
  await bareApp(lab, name, pause);
}

/**
 * Creates the same containers as `node.pod`, with only the engine calls: a pause container without a network, a look-up
 * of its process ID, and an app that joins its netns.
 */
export async function bareNodePod(lab: Lab, name: string): Promise<void> {
  const { context, engine } = lab;
  const pause = await engine.containers.create({
    ...context.home.spec(name, "pod", imageTag("pause")),
    network: "none",
    capabilities: [],
  });
  await engine.containers.start(pause);
  await engine.containers.inspect(pause);
  await bareApp(lab, name, pause);
}

async function bareApp({ context, engine }: Lab, name: string, pause: string): Promise<void> {
  const app = await engine.containers.create({
    ...context.home.spec(`${name}.app`, "app", imageTag("base")),
    network: `container:${pause}`,
    capabilities: ["NET_ADMIN", "NET_RAW"],
  });
  await engine.containers.start(app);
}
