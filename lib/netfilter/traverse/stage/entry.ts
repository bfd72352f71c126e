/** Returns the bridge port that leads to an address, or undefined if unknown. */
export type PortFor = (address: string) => string | undefined;

/**
 * Where a packet enters the host: by a device, or from a local process.
 *
 * `bridgedTo`: the port to which a bridge of this host forwards the frame, or a function that returns the port for an
 * address, because rules may change the destination. `portFor`: for a frame that is addressed to the bridge itself, returns
 * the port for a translated address.
 *
 * @example
 * import type { Entry } from "wirebook";
 *
 * // For traverse(host, packet, { from }).
 * const received: Entry = { in: "eth0" };
 * const sent: Entry = { local: true };
 */
export type Entry =
  | { readonly in: string; readonly bridgedTo?: string | PortFor; readonly portFor?: PortFor }
  | { readonly local: true };

/** A frame that came in by a port of a bridge, and that br_netfilter passes to the rules. */
export interface BridgedFrame {
  readonly bridge: string;
  readonly from: string;
  readonly portFor: PortFor;
  /** The destination address on arrival. */
  readonly arrived: string;
  /** Whether the frame is addressed to the bridge itself, so that it is routed unless a DNAT changes that. */
  readonly toBridge: boolean;
}
