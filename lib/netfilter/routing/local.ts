import type { AddressType, Host, UnknownCondition } from "../model";
import {
  isLimitedBroadcast,
  isLoopback,
  isMulticast,
  isUnspecified,
  isZeronet,
  textOf,
  type Words,
} from "./address";
import { fibOf } from "./fib";

/** Whether the host's own addresses are known, from its links or from the local table. */
export function knowsAddresses(host: Host): boolean {
  return (
    host.links !== undefined || (host.routes ?? []).some((route) => ["local", "255"].includes(route.table))
  );
}

/** The condition that an address belongs to the host. */
function unknownLocal(host: Host, address: Words): UnknownCondition {
  const text = textOf(address);
  return {
    kind: "unknown",
    key: `local ${text}`,
    yes: `${text} is an address of ${host.place}`,
    no: `${text} is not an address of ${host.place}`,
  };
}

/**
 * Returns the type of an address from the point of view of this host (fib_frontend.c, inet_dev_addr_type). It depends on
 * the local table only: an address with a blackhole route in the main table is still UNICAST. The types are mutually
 * exclusive.
 *
 * @param device - with `--limit-iface-in` or `--limit-iface-out`, only routes of this device count.
 * @returns an unknown condition if the host's addresses are unknown.
 */
export function addressType(host: Host, address: Words, device?: string): AddressType | UnknownCondition {
  if (isZeronet(address) || isLimitedBroadcast(address)) return "BROADCAST";
  if (isMulticast(address)) return "MULTICAST";
  if (isLoopback(address)) return device === undefined || device === "lo" ? "LOCAL" : "UNICAST";
  if (!knowsAddresses(host)) return unknownLocal(host, address);
  const found = fibOf(host, "ipv4").lookupIn("local", address);
  if (found.kind === "none") return "UNICAST";
  if (device !== undefined && found.route.dev !== device) return "UNICAST";
  const type = found.route.type;
  return type === "unicast" ? "UNICAST" : (type.toUpperCase() as Uppercase<typeof type>);
}

/** Whether packets to this address are delivered locally. */
export function isLocal(host: Host, address: Words): boolean | UnknownCondition {
  if (isLoopback(address)) return true;
  if (isMulticast(address) || isUnspecified(address)) return false;
  if (!knowsAddresses(host)) return unknownLocal(host, address);
  const found = fibOf(host, address.length === 1 ? "ipv4" : "ipv6").lookupIn("local", address);
  return found.kind === "route" && found.route.type === "local";
}
