import type { ContainerPlace } from "../place/place";
import { inNamespace } from "./ip";

/**
 * A network interface in a place: one end of a veth pair, a bridge or a tap device. All methods throw a LabError with the
 * kernel's message if the kernel rejects the change: `NAME_TAKEN`, `BAD_ADDRESS`, `NOT_SUPPORTED`, `COMMAND_FAILED`.
 *
 * @example
 * import { Lab, LabLink } from "wirebook";
 * const lab = await Lab.open("link-example");
 * const router = await lab.netns("router");
 * const loopback = new LabLink(router, "lo");
 * await loopback.addAddress("10.9.9.9/32");
 * await lab.close();
 */
export class LabLink {
  readonly place: ContainerPlace;
  readonly name: string;

  constructor(place: ContainerPlace, name: string) {
    this.place = place;
    this.name = name;
  }

  /** Sets the link up. Shell: `ip link set NAME up`. */
  up(): Promise<void> {
    return this.#ip("link", "set", "dev", this.name, "up");
  }

  /** Sets the link down. The kernel removes its routes. Shell: `ip link set NAME down`. */
  down(): Promise<void> {
    return this.#ip("link", "set", "dev", this.name, "down");
  }

  /**
   * Adds an IP address. Shell: `ip addr add ADDRESS dev NAME`.
   *
   * @param address - with its prefix length: `10.0.0.1/24`.
   */
  addAddress(address: string): Promise<void> {
    return this.#ip("addr", "add", address, "dev", this.name);
  }

  /** Removes an IP address, given with its prefix length. Shell: `ip addr del ADDRESS dev NAME`. */
  removeAddress(address: string): Promise<void> {
    return this.#ip("addr", "del", address, "dev", this.name);
  }

  /**
   * Sets the MTU. Shell: `ip link set NAME mtu BYTES`.
   *
   * @param bytes - size of the largest packet, without the Ethernet header.
   */
  mtu(bytes: number): Promise<void> {
    return this.#ip("link", "set", "dev", this.name, "mtu", String(bytes));
  }

  /**
   * Makes the link a port of a bridge in the same place, or with `undefined` removes it from its bridge.
   *
   * Shell: `ip link set NAME master BRIDGE`, `ip link set NAME nomaster`.
   */
  master(bridge: LabLink | undefined): Promise<void> {
    return this.#ip("link", "set", "dev", this.name, ...(bridge ? ["master", bridge.name] : ["nomaster"]));
  }

  /** Deletes the link. For a veth, the kernel also deletes the other end. Shell: `ip link del NAME`. */
  remove(): Promise<void> {
    return this.#ip("link", "del", "dev", this.name);
  }

  toString(): string {
    return `${this.place.name}/${this.name}`;
  }

  async #ip(...args: readonly string[]): Promise<void> {
    await inNamespace(this.place, ["ip", ...args]);
  }
}

/** An entry of a bridge's forwarding database. */
export interface Learned {
  readonly mac: string;
  /** The port on which frames from this address arrived. */
  readonly port: string;
  /** True for the addresses of the ports themselves. */
  readonly permanent: boolean;
}

/**
 * A Linux bridge: a switch in the kernel. It learns on which port each MAC address is, and sends a frame only to the port
 * of its destination, or to all ports if the destination is unknown.
 *
 * @example
 * import { type Bridge, Lab } from "wirebook";
 * const lab = await Lab.open("bridge-example");
 * const [hub, x] = await Promise.all([lab.netns("hub"), lab.netns("x")]);
 * const cable = await lab.veth({ place: x, name: "eth0" }, { place: hub, name: "port1" });
 * const bridge: Bridge = await hub.bridge("br0");
 * await bridge.add(cable.b);
 * console.log(await bridge.fdb());
 * await lab.close();
 */
export class Bridge extends LabLink {
  /** Adds links of the same place to the bridge as its ports, and sets them up. Shell: `ip link set PORT master BRIDGE up`. */
  async add(...ports: readonly LabLink[]): Promise<this> {
    for (const port of ports) {
      await port.master(this);
      await port.up();
    }
    return this;
  }

  /** Reads the forwarding database. Shell: `bridge fdb show br NAME`. */
  async fdb(): Promise<readonly Learned[]> {
    const { forwarding = [] } = await this.place.snapshot();
    return forwarding
      .filter(({ master }) => master === this.name)
      .map(({ mac, dev, permanent }) => ({ mac, port: dev, permanent }));
  }
}

/** Options of a bridge. */
export interface BridgeSpec {
  /** Address of the bridge link with its prefix length, which connects the namespace itself. Default: none. */
  readonly address?: string;
}

/** Creates a bridge in a place and sets it up. Shell: `ip link add NAME type bridge`, `ip link set NAME up`. */
export async function addBridge(place: ContainerPlace, name: string, spec: BridgeSpec = {}): Promise<Bridge> {
  const bridge = new Bridge(place, name);
  await inNamespace(place, ["ip", "link", "add", name, "type", "bridge"]);
  try {
    if (spec.address !== undefined) await bridge.addAddress(spec.address);
    await bridge.up();
    return bridge;
  } catch (error) {
    await bridge.remove().catch(() => undefined);
    throw error;
  }
}

/** The next hop of a route: `{ via: "10.0.0.254" }`, `{ dev: "eth0" }`. */
export interface RouteSpec {
  /** Address of the gateway. */
  readonly via?: string;
  /** Name of the link. */
  readonly dev?: string;
  /** Default: 0, the highest priority. */
  readonly metric?: number;
}

/** The arguments of `ip route add`. */
export function routeArgs(destination: string, spec: RouteSpec): readonly string[] {
  return [
    destination,
    ...(spec.via === undefined ? [] : ["via", spec.via]),
    ...(spec.dev === undefined ? [] : ["dev", spec.dev]),
    ...(spec.metric === undefined ? [] : ["metric", String(spec.metric)]),
  ];
}
