import type { Flight } from "./packet-context";

/** Names what the model does not know about packets that a device carries: it is down, an XDP program sees them first … */
export function assumeCarries(flight: Flight, device: string | undefined): void {
  const { host, mind } = flight.run;
  const link = host.links?.find(({ name }) => name === device);
  for (const text of link?.unknown ?? []) mind.choices.assume(`${device}: ${text}`);
}

/** A packet that is longer than what a device or route carries is fragmented, or refused with an ICMP error. */
export function assumeFits(flight: Flight, device: string | undefined): void {
  const { packet, route, run } = flight;
  const mtu = route?.route?.mtu ?? run.host.links?.find(({ name }) => name === device)?.mtu;
  // A link without an MTU is one of which it was not told.
  if (mtu === undefined || mtu === 0 || run.mind.blanks.has("length") || packet.length <= mtu) return;
  run.mind.choices.assume(
    `the packet (${packet.length} bytes) is longer than the MTU of ${device} (${mtu}): it is fragmented or refused`,
  );
}
