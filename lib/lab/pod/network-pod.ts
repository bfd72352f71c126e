import type { ContainerInfo, Publish } from "../../engine";
import { LabError } from "../../engine";
import { ContainerPlace, type PlaceContainer } from "../place/place";
import type { PodApp } from "./pod-app";

/** A pod on a network of containers, that of a lab or of a Docker host. Public as `Pod<"network">`. */
export class NetworkPod extends ContainerPlace {
  /** Always undefined: tells it from a pod on a node. */
  declare readonly node?: undefined;
  readonly apps: ReadonlyMap<string, PodApp>;
  /** IP address on its network, or an empty string if it has none. */
  readonly address: string;
  /** Where its ports are published on the engine's machine. */
  readonly ports: readonly Required<Publish>[];
  /** Id of the pause container. */
  readonly pause: string;

  constructor(
    parts: ConstructorParameters<typeof ContainerPlace>[0] & {
      apps: ReadonlyMap<string, PodApp>;
      pause: ContainerInfo;
      address: string;
    },
  ) {
    super(parts);
    this.apps = parts.apps;
    this.pause = parts.pause.id;
    this.address = parts.address;
    this.ports = parts.pause.ports;
  }

  /**
   * Returns one of its apps.
   *
   * @param name - default: the first app.
   * @throws LabError `UNKNOWN_PLACE`, which lists the existing names.
   */
  app(name?: string): PodApp {
    const app = name === undefined ? [...this.apps.values()][0] : this.apps.get(name);
    if (app) return app;
    throw new LabError("UNKNOWN_PLACE", {
      where: this.name,
      found: `the pod has no app ${JSON.stringify(name)}`,
      advice: `The pod has: ${[...this.apps.keys()].join(", ")}.`,
    });
  }

  /** The current state of its containers. */
  async boxes(): Promise<readonly PlaceContainer[]> {
    const box = async (id: string, name: string, role: "pause" | "app"): Promise<PlaceContainer> => {
      const info = await this.engine.containers.inspect(id, name).catch(() => undefined);
      const detail = info?.image.replace(/^wirebook\/([a-z]+):[0-9a-f]+$/, "$1");
      return {
        name,
        role,
        running: info?.state === "running",
        ...(detail === undefined || role === "pause" ? {} : { detail }),
      };
    };
    return Promise.all([
      box(this.pause, "pause", "pause"),
      ...[...this.apps].map(([name, app]) => box(app.container, name, "app")),
    ]);
  }

  /** Kills the pause container: its address and its link to the network are removed, so the apps lose their network. */
  async killPause(): Promise<void> {
    await this.engine.containers.kill(this.pause);
  }
}
