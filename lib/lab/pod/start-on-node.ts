import type { NetworkPod } from "./network-pod";
import type { PodHome } from "./pod-home";
import type { PodPlan } from "./spec/node-pod-spec";
import { startPod } from "./start-pod";

/** The containers of a pod that were started on a node. */
export interface StartedPod {
  readonly base: NetworkPod;
  /** Process id of the pause container on the engine's machine. */
  readonly pid: number;
}

/** Starts pause, connects it to the node's bridge, then starts the apps. If one of them fails, removes everything again. */
export async function startContainers<Pod>(
  home: PodHome<Pod>,
  { name, pod }: PodPlan,
  address: string,
): Promise<StartedPod> {
  const { runtime } = home;
  let pid = 0;
  const base = await startPod(
    {
      engine: runtime.engine,
      network: "none",
      name,
      base: (suffix, role, image) => {
        const common = runtime.spec(name, role, image);
        return { ...common, name: `${common.name}${suffix}` };
      },
      run: async (spec) => {
        const pause = await runtime.run(spec);
        pid = pause.pid;
        try {
          await home.plug(name, pause.pid, address);
          return pause;
        } catch (error) {
          await runtime.engine.containers.remove(pause.id);
          throw error;
        }
      },
      runApp: (spec) => runtime.run(spec),
      remove: (id) => runtime.engine.containers.remove(id),
      access: (id) => runtime.access(name, id),
    },
    pod,
  );
  return { base, pid };
}
