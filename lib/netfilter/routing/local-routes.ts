import type { Route } from "../../inspect/snapshot";
import type { Family, Host } from "../model";
import { addressWords, masked, maskOf, textOf, within } from "./address";

/** The routes that the kernel adds to the local table for the addresses (fib_frontend.c, fib_add_ifaddr; addrconf.c). */
export function localRoutes(host: Host, family: Family): Route[] {
  const routes: Route[] = [];
  const width = family === "ipv4" ? 1 : 4;
  const add = (destination: string, type: Route["type"], dev: string, source?: string): void => {
    routes.push({
      family,
      destination,
      type,
      table: "local",
      dev,
      ...(source === undefined || family === "ipv6" ? {} : { source }),
    });
  };
  // The list of links may lack lo. Its network is local in any case.
  if (!host.links?.some(({ name }) => name === "lo"))
    add(
      family === "ipv4" ? "127.0.0.0/8" : "::1/128",
      "local",
      "lo",
      family === "ipv4" ? "127.0.0.1" : "::1",
    );
  for (const link of host.links ?? []) {
    for (const address of link.addresses) {
      const words = addressWords(address.address);
      if (address.family !== family || words === undefined) continue;
      // The preferred source of the route to a secondary address is the primary address.
      const net = { words, mask: maskOf(address.prefixLength, width), length: address.prefixLength };
      const primary = address.secondary
        ? link.addresses.find((other) => !other.secondary && within(addressWords(other.address) ?? [], net))
        : undefined;
      add(`${address.address}/${width * 32}`, "local", link.name, (primary ?? address).address);
      if (family === "ipv6") continue;
      const mask = maskOf(address.prefixLength, 1);
      const prefix = masked(words, mask);
      if (link.name === "lo" && (words[0] ?? 0) >>> 24 === 127)
        add(`${textOf(prefix)}/${address.prefixLength}`, "local", "lo", address.address);
      if (address.prefixLength < 31 && !address.secondary)
        add(`${textOf([((prefix[0] ?? 0) | ~(mask[0] ?? 0)) >>> 0])}/32`, "broadcast", link.name);
      if (address.broadcast !== undefined && address.broadcast !== "255.255.255.255")
        add(`${address.broadcast}/32`, "broadcast", link.name);
    }
  }
  return routes;
}
