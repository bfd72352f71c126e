import { shellText } from "../../engine";
import type { ContainerPlace } from "../place/place";
import { inNamespace } from "./ip";

/** A network interface in a place: one end of a veth, a bridge, a tap. Every method names its shell equivalent. */
export class LabLink {
  readonly place: ContainerPlace;
  readonly name: string;

  constructor(place: ContainerPlace, name: string) {
    this.place = place;
    this.name = name;
  }

  /** Shell: `ip link set NAME up`. */
  up(): Promise<void> {
    return this.#ip("link", "set", "dev", this.name, "up");
  }

  /** Shell: `ip link set NAME down`. */
  down(): Promise<void> {
    return this.#ip("link", "set", "dev", this.name, "down");
  }

  /** @param address - with its prefix: `10.0.0.1/24`. Shell: `ip addr add ADDRESS dev NAME`. */
  addAddress(address: string): Promise<void> {
    return this.#ip("addr", "add", address, "dev", this.name);
  }

  /** Shell: `ip addr del ADDRESS dev NAME`. */
  removeAddress(address: string): Promise<void> {
    return this.#ip("addr", "del", address, "dev", this.name);
  }

  /** @param bytes - largest packet without its Ethernet header. Shell: `ip link set NAME mtu BYTES`. */
  mtu(bytes: number): Promise<void> {
    return this.#ip("link", "set", "dev", this.name, "mtu", String(bytes));
  }

  /** Plugs it into a bridge of the same place, or with `undefined` pulls it. Shell: `ip link set NAME master BRIDGE`. */
  master(bridge: LabLink | undefined): Promise<void> {
    return this.#ip("link", "set", "dev", this.name, ...(bridge ? ["master", bridge.name] : ["nomaster"]));
  }

  /** Removes it; the other end of a veth goes as well. Shell: `ip link del NAME`. */
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

/** One line of a bridge's forwarding table. */
export interface Learned {
  readonly mac: string;
  /** The port behind which it was seen. */
  readonly port: string;
  /** True for the addresses of the ports themselves. */
  readonly permanent: boolean;
}

/** A switch in the kernel: what arrives on one port leaves by the port behind which the destination was seen. */
export class Bridge extends LabLink {
  /** Plugs links of the same place in, and sets them up. Shell: `ip link set PORT master BRIDGE up`. */
  async add(...ports: readonly LabLink[]): Promise<this> {
    for (const port of ports) {
      await port.master(this);
      await port.up();
    }
    return this;
  }

  /** The forwarding table. Shell: `bridge fdb show br NAME`. */
  async fdb(): Promise<readonly Learned[]> {
    const { forwarding = [] } = await this.place.snapshot();
    return forwarding
      .filter(({ master }) => master === this.name)
      .map(({ mac, dev, permanent }) => ({ mac, port: dev, permanent }));
  }
}

/** What a bridge is made with. */
export interface BridgeSpec {
  /** With its prefix: the namespace itself is then on the bridge as well. Default: none. */
  readonly address?: string;
}

/** Adds a bridge to a place, up. Shell: `ip link add NAME type bridge`. */
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

/** Where a route leads: `{ via: "10.0.0.254" }`, `{ dev: "eth0" }`. */
export interface RouteSpec {
  readonly via?: string;
  readonly dev?: string;
  readonly metric?: number;
}

/** The words of `ip route add`. */
export function routeWords(destination: string, spec: RouteSpec): readonly string[] {
  return [
    destination,
    ...(spec.via === undefined ? [] : ["via", spec.via]),
    ...(spec.dev === undefined ? [] : ["dev", spec.dev]),
    ...(spec.metric === undefined ? [] : ["metric", String(spec.metric)]),
  ];
}

/** `ip route add …` as one would type it. */
export function routeText(destination: string, spec: RouteSpec): string {
  return shellText(["ip", "route", "add", ...routeWords(destination, spec)]);
}
