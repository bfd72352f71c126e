import type { Attached, Zone } from "../conntrack/connection";
import { protocolNumberOf } from "../conntrack/protocol";
import type { Hook, Host, Packet } from "../model";
import { addressWords, type Words } from "../routing/address";
import type { OutRoute } from "../routing/output";

/** A device by name, the empty name where the hook has none, or undefined where the routes are not known. */
export type Device = string | undefined;

/** What raw's CT target asks of conntrack. */
export interface Template {
  readonly zone: Zone;
  readonly helper?: string;
}

/**
 * The packet as one rule sees it: header, devices, conntrack entry. Never changed in place, so that what a rule was
 * asked about can be asked again later, for the list of rules that did not match.
 */
export interface HookState {
  readonly host: Host;
  readonly hook: Hook;
  readonly packet: Packet;
  readonly src: Words | undefined;
  readonly dst: Words | undefined;
  readonly protocol: number | undefined;
  readonly in: Device;
  readonly out: Device;
  /** Bridge ports, where br_netfilter shows a bridged frame to the rules. */
  readonly physIn?: string;
  readonly physOut?: string;
  /** The packet's connection; absent: conntrack has not seen it yet, or calls it INVALID. */
  readonly ct?: Attached;
  readonly untracked: boolean;
  /** raw's CT target has put a template there: until conntrack looks, --ctstate takes it for a new connection. */
  readonly template?: Template;
  /** Answers an untracked packet: without being untracked itself, it takes no CT or NOTRACK (nf_conntrack_attach). */
  readonly answersUntracked?: boolean;
  /** Sent by a local socket: what the owner match asks for. */
  readonly socket: "process" | "kernel" | "none";
  readonly route?: OutRoute;
}

/** The same view with another header. */
export function withPacket(hookState: HookState, packet: Packet): HookState {
  if (packet === hookState.packet) return hookState;
  return {
    ...hookState,
    packet,
    src: packet.src === hookState.packet.src ? hookState.src : addressWords(packet.src),
    dst: packet.dst === hookState.packet.dst ? hookState.dst : addressWords(packet.dst),
  };
}

export function hookStateOf(
  host: Host,
  hook: Hook,
  packet: Packet,
  devices: { in: Device; out: Device },
): HookState {
  return {
    host,
    hook,
    packet,
    src: addressWords(packet.src),
    dst: addressWords(packet.dst),
    protocol: protocolNumberOf(packet.protocol),
    in: devices.in,
    out: devices.out,
    untracked: false,
    socket: "none",
  };
}
