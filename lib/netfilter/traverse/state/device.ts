import type { Host } from "../../model";
import type { Evaluation } from "./evaluation";
import type { PacketContext } from "./packet-context";

/** Records settings of a device that the model does not know: the device is down, has an XDP program … */
export function assumeCarries(host: Host, device: string | undefined, evaluation: Evaluation): void {
  const link = host.links?.find(({ name }) => name === device);
  for (const text of link?.unknown ?? []) evaluation.assume(`${device}: ${text}`);
}

/** Records that a packet longer than the MTU is fragmented, or dropped with an ICMP error. */
export function assumeFits(context: PacketContext, device: string | undefined, evaluation: Evaluation): void {
  const { route, input } = context;
  const { packet } = context.hookState;
  const mtu = route?.route?.mtu ?? input.host.links?.find(({ name }) => name === device)?.mtu;
  // An MTU of 0 means that it was not given.
  if (mtu === undefined || mtu === 0 || evaluation.unknownFields.has("length") || packet.length <= mtu)
    return;
  evaluation.assume(
    `the packet (${packet.length} bytes) is longer than the MTU of ${device} (${mtu}): it is fragmented or dropped`,
  );
}
