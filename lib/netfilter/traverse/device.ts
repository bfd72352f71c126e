import type { PacketContext } from "./packet-context";

/** Records settings of a device that the model does not know: the device is down, has an XDP program … */
export function assumeCarries(context: PacketContext, device: string | undefined): void {
  const { host, evaluation } = context.traversal;
  const link = host.links?.find(({ name }) => name === device);
  for (const text of link?.unknown ?? []) evaluation.branches.assume(`${device}: ${text}`);
}

/** Records that a packet longer than the MTU is fragmented, or dropped with an ICMP error. */
export function assumeFits(context: PacketContext, device: string | undefined): void {
  const { packet, route, traversal } = context;
  const mtu = route?.route?.mtu ?? traversal.host.links?.find(({ name }) => name === device)?.mtu;
  // An MTU of 0 means that it was not given.
  if (
    mtu === undefined ||
    mtu === 0 ||
    traversal.evaluation.unknownFields.has("length") ||
    packet.length <= mtu
  )
    return;
  traversal.evaluation.branches.assume(
    `the packet (${packet.length} bytes) is longer than the MTU of ${device} (${mtu}): it is fragmented or dropped`,
  );
}
