import { InvalidArgumentError } from "commander";
import { protocolNumberOf } from "../../netfilter/conntrack/protocol";
import type { TcpFlag } from "../../netfilter/model";
import { addressWords, canonical } from "../../netfilter/routing/address";
import type { GivenState } from "../../netfilter/traverse/state/given-state";

/** The parsed options of `wirebook trace`. */
export interface TraceArguments {
  readonly rules: readonly string[];
  readonly addresses?: string;
  readonly routes?: string;
  readonly policyRules?: string;
  readonly snapshot?: string;
  readonly sysctls?: string;
  readonly sysctl: readonly (readonly [string, string])[];
  readonly in?: string;
  readonly local?: true;
  readonly src: string;
  readonly dst: string;
  readonly proto: string;
  readonly sport?: number;
  readonly dport?: number;
  readonly icmpType?: { readonly type: number; readonly code: number };
  readonly tcpFlags?: readonly TcpFlag[];
  readonly state?: GivenState;
  readonly ttl?: number;
  readonly tos?: number;
  readonly length?: number;
  readonly mark?: number;
  readonly mac?: string;
  readonly uid?: number;
  readonly after: readonly string[];
  readonly quiet: readonly string[];
  readonly sent?: number;
  readonly tried?: true;
  readonly json?: true;
}

/** An error for the user, with the exit code: 1 for unreadable input, 2 for invalid options. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2,
  ) {
    super(message);
  }
}

export const integer =
  (low: number, high: number) =>
  (text: string): number => {
    const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value) || value < low || value > high)
      throw new InvalidArgumentError(`expected a number from ${low} to ${high}.`);
    return value;
  };

export function address(text: string): string {
  if (addressWords(text) === undefined) throw new InvalidArgumentError("expected an IPv4 or IPv6 address.");
  return canonical(text);
}

export function protocol(text: string): string {
  const number = protocolNumberOf(text);
  if (number === undefined || number < 1 || number > 255)
    throw new InvalidArgumentError("expected a protocol such as tcp, udp or icmp, or its number.");
  if (number === 58) return "ipv6-icmp";
  return (
    { 1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udplite" }[number] ?? text.toLowerCase()
  );
}

export function icmpType(text: string): { type: number; code: number } {
  const [type = "", code = "0"] = text.split("/");
  return { type: integer(0, 255)(type), code: integer(0, 255)(code) };
}

/** Accepts the interface names that the kernel accepts (dev_valid_name in net/core/dev.c). */
export function interfaceName(text: string): string {
  if (/^[^\s/:]{1,15}$/.test(text) && text !== "." && text !== "..") return text;
  throw new InvalidArgumentError("expected an interface name: 1 to 15 characters, no space, / or :.");
}

export function macAddress(text: string): string {
  if (/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError("expected six pairs of hex digits, for example 02:42:ac:11:00:02.");
}

const FLAGS: readonly TcpFlag[] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

export function tcpFlags(text: string): TcpFlag[] {
  const names = text.toUpperCase() === "NONE" ? [] : text.toUpperCase().split(",");
  return names.map((name) => {
    const flag = FLAGS.find((known) => known === name);
    if (flag === undefined)
      throw new InvalidArgumentError(`expected one or more of ${FLAGS.join(",")}, or NONE.`);
    return flag;
  });
}

export function setting(
  text: string,
  before: readonly (readonly [string, string])[],
): (readonly [string, string])[] {
  const [name = "", value] = text.split("=");
  if (value === undefined || name === "")
    throw new InvalidArgumentError("expected NAME=VALUE, for example net.ipv4.ip_forward=0.");
  return [...before, [name.trim(), value.trim()]];
}
