import type { Action, Masked, NatRange } from "../model";
import { ALL, hex, sidesOf } from "./phrases";

function target({ addresses, ports, basePort }: NatRange): string {
  const host = addresses
    ? addresses.from === addresses.to
      ? addresses.from
      : `${addresses.from} to ${addresses.to}`
    : "";
  if (!ports) return host;
  const port = ports.from === ports.to ? String(ports.from) : `${ports.from}-${ports.to}`;
  const shifted = basePort === undefined ? "" : ` (shifted from ${basePort})`;
  if (host === "") return `port ${port}${shifted}`;
  if (addresses?.from !== addresses?.to) return `${host}, port ${port}${shifted}`;
  return `${host.includes(":") ? `[${host}]` : host}:${port}${shifted}`;
}

const portsOf = ({ addresses: _, ...ports }: NatRange): string => target(ports);

const withPorts = (to: NatRange): string => (to.ports ? `, ${portsOf(to)}` : "");

/** `mark = (mark & ~mask) ^ value` in the words of the option that is meant. */
function setMark(name: string, { value, mask }: Masked): string {
  if (mask === ALL) return `set ${name} to ${hex(value)}`;
  if (mask === 0) return `flip bits ${hex(value)} of ${name}`;
  if (value === 0) return `clear bits ${hex(mask)} of ${name}`;
  if (value === mask) return `set bits ${hex(value)} of ${name}`;
  return `set ${hex(mask)} of ${name} to ${hex(value)}`;
}

/**
 * Describes what a rule does with a packet.
 *
 * @example
 * describeAction({ kind: "drop" }); // "drop it"
 */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case "none":
      return "count it and go on";
    case "accept":
      return "let it through this table";
    case "drop":
      return "drop it";
    case "reject":
      return `refuse it with ${action.with}`;
    case "queue":
      return "hand it to a program";
    case "return":
      return "go back to where this chain was called";
    case "jump":
      return `go through chain ${action.chain}`;
    case "goto":
      return `go on in chain ${action.chain} for good`;
    case "dnat":
      return `send it to ${target(action.to)}`;
    case "snat":
      return `make it come from ${target(action.to)}`;
    case "masquerade":
      return `make it come from the outgoing interface's address${withPorts(action.to)}`;
    case "redirect":
      return `send it to this host itself${withPorts(action.to)}`;
    case "netmap":
      return `map its address into ${action.prefix}`;
    case "tproxy":
      return `hand it to the local socket on port ${action.port}${action.address ? ` of ${action.address}` : ""}, unchanged`;
    case "mark":
      return setMark("its mark", action.mark);
    case "connmarkSet":
      return setMark("its connection's mark", action.mark);
    case "connmarkSave":
      return "save its mark in its connection";
    case "connmarkRestore":
      return "take its mark from its connection";
    case "notrack":
      return "do not track its connection";
    case "ct": {
      const zone = action.zone === undefined ? "" : ` in zone ${action.zone}`;
      return `track its connection${zone}${action.helper ? ` with helper ${action.helper}` : ""}`;
    }
    case "tos":
      return setMark("its TOS", { ...action.tos, mask: action.tos.mask === 0xff ? ALL : action.tos.mask });
    case "ttl":
      return action.change === "set"
        ? `set its TTL to ${action.by}`
        : `${action.change === "dec" ? "lower" : "raise"} its TTL by ${action.by}`;
    case "note":
      return action.target === "LOG" || action.target === "NFLOG"
        ? "log it and go on"
        : `${action.target} it and go on`;
    case "set": {
      return `${action.change === "add" ? "put" : "take"} its ${sidesOf(action.directions)} ${action.change === "add" ? "into" : "out of"} set ${action.set}`;
    }
    case "opaque":
      return `${action.target}, whose effect is not known here`;
  }
}
