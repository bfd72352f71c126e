import type { Attached, Zone } from "../../conntrack/connection";
import { protocolNumberOf } from "../../conntrack/protocol";
import type { Hook, Host, Packet } from "../../model";
import { addressWords, type Words } from "../../routing/address";
import type { OutRoute } from "../../routing/output";

/** The name of a device. Empty if the hook has none, undefined if the routes are unknown. */
export type Device = string | undefined;

/** The conntrack template that the CT target of the raw table attaches to a packet. */
interface Template {
  readonly zone: Zone;
  readonly helper?: string;
}

/**
 * The packet as a rule sees it: header, devices and conntrack entry. Immutable, so that a rule can be evaluated again
 * later, for the list of rules that did not match. All properties are always present: copies of objects of one shape are
 * much faster, and each stage makes some.
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
  /** Bridge ports, if br_netfilter passes a bridged frame to the rules. */
  readonly physIn: string | undefined;
  readonly physOut: string | undefined;
  /** The packet's connection. Undefined before conntrack and for INVALID packets. */
  readonly ct: Attached | undefined;
  readonly untracked: boolean;
  /** The template set by the CT target. Until conntrack runs, --ctstate treats it as a new connection. */
  readonly template: Template | undefined;
  /** The kernel's reply to an untracked packet. It is tracked, but CT and NOTRACK ignore it (nf_conntrack_attach). */
  readonly answersUntracked: boolean;
  /** The kind of local socket that sent the packet, for the owner match. */
  readonly socket: "process" | "kernel" | "none";
  readonly route: OutRoute | undefined;
}

/** Returns the state with another header. */
export function withPacket(hookState: HookState, packet: Packet): HookState {
  if (packet === hookState.packet) return hookState;
  return {
    ...hookState,
    packet,
    src: packet.src === hookState.packet.src ? hookState.src : addressWords(packet.src),
    dst: packet.dst === hookState.packet.dst ? hookState.dst : addressWords(packet.dst),
  };
}

/** Creates the state of a packet that enters a hook. */
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
    physIn: undefined,
    physOut: undefined,
    ct: undefined,
    untracked: false,
    template: undefined,
    answersUntracked: false,
    socket: "none",
    route: undefined,
  };
}
