import type { Action, NatRange } from "../../model";

export const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** A range as iptables writes it: `80`, `80-90`. */
export const dashedRange = (range: {
  readonly from: string | number;
  readonly to: string | number;
}): string => (range.from === range.to ? `${range.from}` : `${range.from}-${range.to}`);

/** Formats the target of NAT like iptables: `10.0.0.1:80`, `10.0.0.1-10.0.0.9`, `:8080`. */
function rangeText(to: NatRange): string {
  const addresses = to.addresses === undefined ? "" : dashedRange(to.addresses);
  const bracketed = addresses.includes(":") && to.ports !== undefined ? `[${addresses}]` : addresses;
  const base = to.basePort === undefined ? "" : `/${to.basePort}`;
  return to.ports === undefined ? bracketed : `${bracketed}:${dashedRange(to.ports)}${base}`;
}

/** Describes briefly what a rule does: `accept`, `jump SVC`, `dnat to 10.0.0.1:80`, `mark 0x4000/0x4000`. */
export function effectOf(action: Action): string {
  switch (action.kind) {
    case "none":
      return "count";
    case "accept":
    case "drop":
    case "queue":
    case "return":
    case "notrack":
      return action.kind;
    case "reject":
      return `reject with ${action.with}`;
    case "jump":
    case "goto":
      return `${action.kind} ${action.chain}`;
    case "dnat":
    case "snat":
      return `${action.kind} to ${rangeText(action.to)}`;
    case "masquerade":
    case "redirect":
      return action.to.ports === undefined ? action.kind : `${action.kind} to ${rangeText(action.to)}`;
    case "netmap":
      return `netmap to ${action.prefix}`;
    case "tproxy":
      return `tproxy to ${action.address ?? ""}:${action.port}`;
    case "mark":
      return `mark ${hex(action.mark.value)}/${hex(action.mark.mask)}`;
    case "connmarkSet":
      return `connmark ${hex(action.mark.value)}/${hex(action.mark.mask)}`;
    case "connmarkSave":
      return "connmark save";
    case "connmarkRestore":
      return "connmark restore";
    case "ct":
      return [
        "ct",
        action.zone === undefined ? "" : `zone ${action.zone}`,
        action.helper === undefined ? "" : `helper ${action.helper}`,
      ]
        .filter((part) => part !== "")
        .join(" ");
    case "tos":
      return `tos ${hex(action.tos.value)}/${hex(action.tos.mask)}`;
    case "ttl":
      return `ttl ${action.change} ${action.by}`;
    case "note":
      return action.target.toLowerCase();
    case "set":
      return `${action.change} to set ${action.set}`;
    case "opaque":
      return `${action.target} (unknown)`;
  }
}
