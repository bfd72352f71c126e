import type { NatRange } from "../../../model/action";
import type { Context } from "../../context";
import { RuleSyntaxError } from "../../rule-syntax-error";
import { readAddress } from "../../values/address/address";
import { readNumber, readPrefix, U16, whole } from "../../values/number";
import { readPort } from "../../values/port";
import type { ValueType } from "../../values/value-type";
import type { Options } from "../extension";

/** Protocols whose ports NAT can rewrite. */
const WITH_PORTS = [6, 17, 132, 33, 1];

/**
 * What a target does with the base port of a shifted range. iptables accepts it for SNAT and MASQUERADE, and stores
 * 0.
 */
type BasePort = "stored" | "zeroed" | "refused";

/** Reads `PORT`, `PORT-PORT` or `PORT-PORT/BASE` (libxt_NAT.c, parse_ports). */
function ports(word: string, basePort: BasePort, context: Context): string {
  // iptables accepts `! -p tcp`, too.
  if (!WITH_PORTS.includes(context.protocol ?? context.except ?? 0))
    throw new RuleSyntaxError(
      "ports need a protocol that has ports",
      "-p tcp, udp, sctp, dccp or icmp before the target",
    );
  const slash = word.indexOf("/");
  const main = slash < 0 ? word : word.slice(0, slash);
  const dash = main.indexOf("-");
  if (dash < 0 || readNumber(main.slice(0, dash)) === undefined) {
    if (slash >= 0)
      throw new RuleSyntaxError(`"${word}" has a base port for one port`, "a range FROM-TO/BASE");
    // NAT looks for the service in all protocols.
    return String(readPort(main, undefined));
  }
  const from = Number(whole(main.slice(0, dash), 0, U16, "a port"));
  const to = Number(whole(main.slice(dash + 1), 0, U16, "a port"));
  if (from > to) throw new RuleSyntaxError(`port range "${main}" is reversed`, "the smaller port first");
  const range = from === to ? String(from) : `${from}-${to}`;
  if (slash < 0) return range;
  if (basePort === "refused")
    throw new RuleSyntaxError(`"${word}" has a base port`, "PORT or PORT-PORT: only DNAT takes a base port");
  const base = readBasePort(word.slice(slash + 1));
  return `${range}/${basePort === "stored" ? base : 0}`;
}

/** Like strtoul, ignores what follows the digits. */
function readBasePort(word: string): number {
  const number = readPrefix(word)?.value;
  if (number === undefined) return readPort(word, undefined);
  if (number < 1n || number > BigInt(U16))
    throw new RuleSyntaxError(`"${word}" is not a base port`, "a port, 1 to 65535, or the name of a service");
  return Number(number);
}

function addresses(word: string, context: Context): string {
  const dash = word.indexOf("-");
  if (dash < 0) return readAddress(word, context);
  const from = readAddress(word.slice(0, dash), context);
  const to = readAddress(word.slice(dash + 1), context);
  return from === to ? from : `${from}-${to}`;
}

/**
 * `[ADDRESS[-ADDRESS]][:PORT[-PORT[/BASE]]]`. IPv6 addresses before a port are in brackets.
 */
export function natTarget(basePort: BasePort): ValueType {
  return {
    expected: "ADDRESS or ADDRESS-ADDRESS, followed by :PORT or :PORT-PORT if the rule names a protocol",
    read: (word, context) => {
      if (context.family === "ipv6") {
        const bracket = /^\[([^\]]*)\](?::(.*))?$/.exec(word);
        if (!bracket) {
          if (word.startsWith(":") && !word.startsWith("::"))
            return `:${ports(word.slice(1), basePort, context)}`;
          return addresses(word, context);
        }
        const [, host = "", port] = bracket;
        const shown = host === "" ? "" : addresses(host, context);
        return port === undefined ? shown : `[${shown}]:${ports(port, basePort, context)}`;
      }
      const colon = word.indexOf(":");
      if (colon < 0) return addresses(word, context);
      const host = colon === 0 ? "" : addresses(word.slice(0, colon), context);
      return `${host}:${ports(word.slice(colon + 1), basePort, context)}`;
    },
  };
}

/** `PORT` or `PORT-PORT[/BASE]`. */
export const portsOnly = (basePort: BasePort): ValueType => ({
  expected: "PORT or PORT-PORT",
  read: (word, context) => ports(word, basePort, context),
});

/** The range of the model for canonical addresses and ports. Each may be empty. */
export function natRangeOf(host: string, port: string, options: Options): NatRange {
  const [addressFrom = "", addressTo] = host.split("-");
  const [span = "", basePort] = port.split("/");
  const [portFrom = "", portTo] = span.split("-");
  return {
    ...(addressFrom === "" ? {} : { addresses: { from: addressFrom, to: addressTo ?? addressFrom } }),
    ...(portFrom === "" ? {} : { ports: { from: Number(portFrom), to: Number(portTo ?? portFrom) } }),
    ...(basePort === undefined ? {} : { basePort: Number(basePort) }),
    random: options.has("random"),
    fullyRandom: options.has("random-fully"),
    persistent: options.has("persistent"),
  };
}

/** The range of the model for a canonical `ADDRESSES:PORTS`. */
export function natRange(value: string, options: Options): NatRange {
  if (value.startsWith("[")) {
    const end = value.indexOf("]");
    return natRangeOf(value.slice(1, end), value.slice(end + 2), options);
  }
  const colon = value.indexOf(":");
  if (colon >= 0 && (colon === value.lastIndexOf(":") || colon === 0) && !value.startsWith("::"))
    return natRangeOf(value.slice(0, colon), value.slice(colon + 1), options);
  return natRangeOf(value, "", options);
}
