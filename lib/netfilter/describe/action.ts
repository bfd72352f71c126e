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

/** Describes `mark = (mark & ~mask) ^ value`, distinguishing the usual options (`--set-mark`, `--or-mark`, `--and-mark` …). */
function setMark(name: string, { value, mask }: Masked): string {
  if (mask === ALL) return `set ${name} to ${hex(value)}`;
  if (mask === 0) return `flip bits ${hex(value)} of ${name}`;
  if (value === 0) return `clear bits ${hex(mask)} of ${name}`;
  if (value === mask) return `set bits ${hex(value)} of ${name}`;
  return `set ${hex(mask)} of ${name} to ${hex(value)}`;
}

/**
 * Describes in English what a rule does with a packet.
 *
 * @example
 * import { describeAction } from "wirebook";
 *
 * console.log(describeAction({ kind: "drop" })); // drop it
 */
export function describeAction(action: Action): string {
  switch (action.kind) {
    case "none":
      return "count it and continue";
    case "accept":
      return "let it through this table";
    case "drop":
      return "drop it";
    case "reject":
      return `refuse it with ${action.with}`;
    case "queue":
      return "pass it to a program";
    case "return":
      return "return to the calling chain";
    case "jump":
      return `go through chain ${action.chain}`;
    case "goto":
      return `continue in chain ${action.chain} without returning`;
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
      return `deliver it to the local socket on port ${action.port}${action.address ? ` of ${action.address}` : ""}, unchanged`;
    case "mark":
      return setMark("its mark", action.mark);
    case "connmarkSet":
      return setMark("its connection's mark", action.mark);
    case "connmarkSave":
      return "save its mark in its connection";
    case "connmarkRestore":
      return "restore its mark from its connection";
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
        ? "log it and continue"
        : `${action.target} it and continue`;
    case "set": {
      return `${action.change === "add" ? "add" : "remove"} its ${sidesOf(action.directions)} ${action.change === "add" ? "to" : "from"} set ${action.set}`;
    }
    case "opaque":
      return `${action.target}, whose effect is unknown`;
  }
}
