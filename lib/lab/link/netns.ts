import type { ContainerInfo, Engine } from "../../engine";
import type { Neighbour } from "../../inspect/snapshot";
import { imageTag } from "../../setup/images";
import { networkCapabilities } from "../context/lab-context";
import { ContainerPlace } from "../place/place";
import type { EngineRuntime } from "../runtime/engine-runtime";
import { inNamespace } from "./ip";
import { addBridge, type Bridge, type BridgeSpec, LabLink, type RouteSpec, routeWords } from "./link";

/** How a namespace is set up. */
export interface NetnsSpec {
  /** Passes packets on between its links, as a router does. Default: false. */
  readonly forward?: boolean;
  /** The engine of the lab on which it is, or its name; a veth joins two on one engine. Default: the first. */
  readonly engine?: Engine | string;
}

/** A plain network namespace: nothing in it but a loopback link, until something is added. */
export class Netns extends ContainerPlace {
  /** Shell: `ip netns add NAME`, `ip link set lo up`. */
  static async start(runtime: EngineRuntime, name: string, spec: NetnsSpec = {}): Promise<Netns> {
    const container = {
      ...runtime.spec(name, "netns", imageTag("base")),
      command: ["sleep", "infinity"],
      network: "none",
      capabilities: networkCapabilities,
      // A new namespace takes over what the machine has; a learner's begins as the kernel's own default.
      sysctls: { "net.ipv4.ip_forward": spec.forward === true ? "1" : "0" },
    };
    const info: ContainerInfo = await runtime.run(container, "/dev/net/tun");
    const parts = { name, kind: "netns" as const, engine: runtime.engine, container: info.id };
    return new Netns({ ...parts, ...runtime.access(name, info.pid) });
  }

  /** A link of this namespace by its name. */
  link(name: string): LabLink {
    return new LabLink(this, name);
  }

  /** Adds a bridge, up. Shell: `ip link add NAME type bridge`. */
  bridge(name: string, spec: BridgeSpec = {}): Promise<Bridge> {
    return addBridge(this, name, spec);
  }

  /**
   * Adds a route. Shell: `ip route add DESTINATION via VIA dev DEV`.
   *
   * @param destination - `10.0.1.0/24`, or `default`.
   * @throws LabError `NAME_TAKEN` when it exists, `BAD_ADDRESS`, `COMMAND_FAILED` when the next hop cannot be reached.
   */
  async route(destination: string, spec: RouteSpec): Promise<void> {
    await inNamespace(this, ["ip", "route", "add", ...routeWords(destination, spec)]);
  }

  /** Removes a route. Shell: `ip route del DESTINATION`. */
  async removeRoute(destination: string): Promise<void> {
    await inNamespace(this, ["ip", "route", "del", destination]);
  }

  /** Who it knows by hardware address. Shell: `ip neigh`. */
  async neighbours(): Promise<readonly Neighbour[]> {
    return (await this.snapshot()).neighbours ?? [];
  }
}
