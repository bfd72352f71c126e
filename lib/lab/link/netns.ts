import type { ContainerInfo, Engine } from "../../engine";
import type { Neighbour } from "../../inspect/snapshot";
import { imageTag } from "../../setup/images";
import { networkCapabilities } from "../context/lab-context";
import { ContainerPlace } from "../place/place";
import type { EngineRuntime } from "../runtime/engine-runtime";
import { inNamespace } from "./ip";
import { addBridge, type Bridge, type BridgeSpec, LabLink, type RouteSpec, routeArgs } from "./link";

/**
 * Options of a network namespace.
 *
 * @example
 * import { Lab, type NetnsSpec } from "wirebook";
 * const lab = await Lab.open("netns-spec-example");
 * const spec: NetnsSpec = { forward: true };
 * await lab.netns("router", spec);
 * await lab.close();
 */
export interface NetnsSpec {
  /** Forwards packets between its links, like a router (`net.ipv4.ip_forward`). Default: false. */
  readonly forward?: boolean;
  /** The engine of the lab that it runs on, or its name. Veth pairs need both ends on one engine. Default: the first. */
  readonly engine?: Engine | string;
}

/**
 * A network namespace that has only a loopback link until you add others.
 *
 * @example
 * import { Lab, type Netns } from "wirebook";
 * const lab = await Lab.open("netns-class-example");
 * const left: Netns = await lab.netns("left");
 * const right = await lab.netns("right");
 * await lab.veth({ place: left, name: "eth0", address: "10.1.0.1/24" }, { place: right, name: "eth0" });
 * await left.route("default", { via: "10.1.0.254" });
 * await lab.close();
 */
export class Netns extends ContainerPlace {
  /** Creates the namespace. Shell: `ip netns add NAME`, `ip -n NAME link set lo up`. */
  static async start(runtime: EngineRuntime, name: string, spec: NetnsSpec = {}): Promise<Netns> {
    const container = {
      ...runtime.spec(name, "netns", imageTag("base")),
      command: ["sleep", "infinity"],
      network: "none",
      capabilities: networkCapabilities,
      // A new namespace inherits this setting from the machine. Start with the kernel's default instead.
      sysctls: { "net.ipv4.ip_forward": spec.forward === true ? "1" : "0" },
    };
    const info: ContainerInfo = await runtime.run(container, { device: "/dev/net/tun" });
    const parts = { name, kind: "netns" as const, engine: runtime.engine, container: info.id };
    return new Netns({ ...parts, ...runtime.access(name, info.pid) });
  }

  /** Returns an object for the link with this name. Does not check that the link exists. */
  link(name: string): LabLink {
    return new LabLink(this, name);
  }

  /**
   * Creates a bridge and sets it up. Shell: `ip link add NAME type bridge`, `ip link set NAME up`.
   *
   * @throws LabError `NAME_TAKEN`, `BAD_NAME`, `BAD_ADDRESS`.
   */
  bridge(name: string, spec: BridgeSpec = {}): Promise<Bridge> {
    return addBridge(this, name, spec);
  }

  /**
   * Adds a route. Shell: `ip route add DESTINATION via VIA dev DEV`.
   *
   * @param destination - `10.0.1.0/24`, or `default`.
   * @throws LabError `NAME_TAKEN` if it exists, `BAD_ADDRESS`, `COMMAND_FAILED` if the next hop cannot be reached.
   */
  async route(destination: string, spec: RouteSpec): Promise<void> {
    await inNamespace(this, ["ip", "route", "add", ...routeArgs(destination, spec)]);
  }

  /** Removes a route. Shell: `ip route del DESTINATION`. */
  async removeRoute(destination: string): Promise<void> {
    await inNamespace(this, ["ip", "route", "del", destination]);
  }

  /** Reads the neighbour table: which MAC address belongs to which IP address. Shell: `ip neigh`. */
  async neighbours(): Promise<readonly Neighbour[]> {
    return (await this.snapshot()).neighbours ?? [];
  }
}
