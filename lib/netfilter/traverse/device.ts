import type { PacketContext } from "./packet-context";

/** Names what the model does not know about packets that a device carries: it is down, an XDP program sees them first … */
export function assumeCarries(context: PacketContext, device: string | undefined): void {
  const { host, evaluation } = context.traversal;
  const link = host.links?.find(({ name }) => name === device);
  for (const text of link?.unknown ?? []) evaluation.branches.assume(`${device}: ${text}`);
}

/** A packet that is longer than what a device or route carries is fragmented, or refused with an ICMP error. */
export function assumeFits(context: PacketContext, device: string | undefined): void {
  const { packet, route, traversal } = context;
  const mtu = route?.route?.mtu ?? traversal.host.links?.find(({ name }) => name === device)?.mtu;
  // A link without an MTU is one of which it was not told.
  if (
    mtu === undefined ||
    mtu === 0 ||
    traversal.evaluation.unknownFields.has("length") ||
    packet.length <= mtu
  )
    return;
  traversal.evaluation.branches.assume(
    `the packet (${packet.length} bytes) is longer than the MTU of ${device} (${mtu}): it is fragmented or refused`,
  );
}
