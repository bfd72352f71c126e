import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseJson } from "../inspect/json";
import { parseLinks } from "../inspect/links";
import { parsePolicyRules, parseRoutes } from "../inspect/routes";
import type { Snapshot } from "../inspect/snapshot";
import { protocolNumberOf } from "../netfilter/conntrack/protocol";
import { parseRuleset } from "../netfilter/iptables";
import type { Packet, TcpFlag } from "../netfilter/model";
import { canonical, familyOf, wordsOf } from "../netfilter/routing/address";
import { type Host, hostOf, stateOf, traverse, warningsOf } from "../netfilter/traverse";
import type { GivenState } from "../netfilter/traverse/force";
import { pathJson } from "../netfilter/traverse/json";
import type { Blank } from "../netfilter/traverse/mind";
import { pathText } from "../netfilter/traverse/text";

/** Where the command writes; tests give their own. */
export interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly colour: boolean;
}

interface Options {
  readonly rules: readonly string[];
  readonly addresses?: string;
  readonly routes?: string;
  readonly policyRules?: string;
  readonly snapshot?: string;
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
  readonly tried?: true;
  readonly json?: true;
}

/** A message for whoever called, and the exit code: 1 for what cannot be read, 2 for options that make no sense. */
class Refused extends Error {
  constructor(
    message: string,
    readonly exitCode: 1 | 2,
  ) {
    super(message);
  }
}

const integer =
  (low: number, high: number) =>
  (text: string): number => {
    const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
    if (Number.isNaN(value) || value < low || value > high)
      throw new InvalidArgumentError(`expected a number from ${low} to ${high}.`);
    return value;
  };

function address(text: string): string {
  if (wordsOf(text) === undefined) throw new InvalidArgumentError("expected an IPv4 or IPv6 address.");
  return canonical(text);
}

function protocol(text: string): string {
  const number = protocolNumberOf(text);
  if (number === undefined || number < 1 || number > 255)
    throw new InvalidArgumentError("expected a protocol such as tcp, udp or icmp, or its number.");
  if (number === 58) return "ipv6-icmp";
  return (
    { 1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 132: "sctp", 136: "udplite" }[number] ?? text.toLowerCase()
  );
}

function icmpType(text: string): { type: number; code: number } {
  const [type = "", code = "0"] = text.split("/");
  return { type: integer(0, 255)(type), code: integer(0, 255)(code) };
}

const FLAGS: readonly TcpFlag[] = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"];

function tcpFlags(text: string): TcpFlag[] {
  const names = text.toUpperCase() === "NONE" ? [] : text.toUpperCase().split(",");
  return names.map((name) => {
    const flag = FLAGS.find((known) => known === name);
    if (flag === undefined) throw new InvalidArgumentError(`expected some of ${FLAGS.join(",")}, or NONE.`);
    return flag;
  });
}

function setting(
  text: string,
  before: readonly (readonly [string, string])[],
): (readonly [string, string])[] {
  const [name = "", value] = text.split("=");
  if (value === undefined || name === "")
    throw new InvalidArgumentError("expected NAME=VALUE, such as net.ipv4.ip_forward=0.");
  return [...before, [name.trim(), value.trim()]];
}

function read(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (cause) {
    throw new Refused(`cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, 1);
  }
}

function readJson(file: string, what: string): unknown {
  const text = read(file);
  try {
    const value = parseJson(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (cause) {
    throw new Refused(
      `${file} is not JSON: ${cause instanceof Error ? cause.message : String(cause)}\n  expected ${what}`,
      1,
    );
  }
  throw new Refused(`${file} is not what was expected: ${what}`, 1);
}

function isSnapshot(value: unknown): value is Snapshot {
  return (
    typeof value === "object" &&
    value !== null &&
    Array.isArray(Reflect.get(value, "links")) &&
    Array.isArray(Reflect.get(value, "routes"))
  );
}

/**
 * What a router has, where nothing tells the host's own: it forwards, filters no reverse path, and lets loopback
 * addresses be routed as kube-proxy and Docker ask for.
 */
const ROUTER_SYSCTLS: Readonly<Record<string, string>> = {
  "net.ipv4.ip_forward": "1",
  "net.ipv4.conf.all.route_localnet": "1",
  "net.ipv6.conf.all.forwarding": "1",
};

function hostFrom(options: Options, family: "ipv4" | "ipv6"): { host: Host; snapshot?: Snapshot } {
  const given = Object.fromEntries(options.sysctl);
  const rulesets = options.rules.map((file) => {
    const text = read(file);
    try {
      return parseRuleset(text, { family, file });
    } catch (cause) {
      throw new Refused(cause instanceof Error ? cause.message : String(cause), 1);
    }
  });
  if (options.snapshot !== undefined) {
    const value = readJson(options.snapshot, "a snapshot as `wirebook snapshot` writes it");
    if (!isSnapshot(value))
      throw new Refused(`${options.snapshot} is not a snapshot: it has no links and routes`, 1);
    const host = snapshotHost(value, options.snapshot);
    const own = rulesets.length === 0 ? host.rulesets : rulesets;
    const sysctls =
      value.sysctls === undefined && options.sysctl.length === 0
        ? {}
        : { sysctls: { ...value.sysctls, ...given } };
    return { host: { ...host, rulesets: own, ...sysctls }, snapshot: value };
  }
  const list = (file: string, what: string): unknown => {
    const value = readJson(file, what);
    if (!Array.isArray(value)) throw new Refused(`${file} is not what was expected: ${what}`, 1);
    return value;
  };
  return {
    host: {
      place: "host",
      rulesets,
      sysctls: { ...ROUTER_SYSCTLS, ...given },
      ...(options.addresses === undefined
        ? {}
        : { links: parseLinks(list(options.addresses, "what `ip -j addr` prints")) }),
      ...(options.routes === undefined
        ? {}
        : { routes: parseRoutes(list(options.routes, "what `ip -j route` prints")) }),
      ...(options.policyRules === undefined
        ? {}
        : { policyRules: parsePolicyRules(list(options.policyRules, "what `ip -j rule` prints"), family) }),
    },
  };
}

function snapshotHost(snapshot: Snapshot, file: string): Host {
  try {
    return hostOf(snapshot);
  } catch (cause) {
    throw new Refused(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, 1);
  }
}

function packetFrom(options: Options): { packet: Packet; blanks: Blank[] } {
  const [src, dst] = [wordsOf(options.src), wordsOf(options.dst)];
  if (src === undefined || dst === undefined || src.length !== dst.length)
    throw new Refused(`--src ${options.src} and --dst ${options.dst} are not of one family`, 2);
  const family = familyOf(src);
  const number = protocolNumberOf(options.proto);
  const ported = ["tcp", "udp", "sctp", "dccp", "udplite"].includes(options.proto);
  const icmp = number === 1 || number === 58;
  for (const name of ["sport", "dport"] as const)
    if (!ported && options[name] !== undefined)
      throw new Refused(`--${name}: ${options.proto} has no ports`, 2);
  if (!icmp && options.icmpType !== undefined) throw new Refused(`--icmp-type needs --proto icmp`, 2);
  if (options.proto !== "tcp" && options.tcpFlags !== undefined)
    throw new Refused("--tcp-flags needs --proto tcp", 2);
  if (icmp && (number === 58) !== (family === "ipv6"))
    throw new Refused(`--proto ${options.proto} does not go with ${family} addresses`, 2);
  const blanks: Blank[] = [];
  for (const name of ["ttl", "tos", "length"] as const) if (options[name] === undefined) blanks.push(name);
  if (options.uid === undefined) blanks.push("owner");
  const packet: Packet = {
    family,
    src: options.src,
    dst: options.dst,
    protocol: options.proto,
    ...(options.sport === undefined ? {} : { sport: options.sport }),
    ...(options.dport === undefined ? {} : { dport: options.dport }),
    ...(icmp ? { icmp: options.icmpType ?? { type: family === "ipv4" ? 8 : 128, code: 0 } } : {}),
    ...(options.proto === "tcp"
      ? { tcpFlags: options.tcpFlags ?? (options.state === "ESTABLISHED" ? ["ACK"] : ["SYN"]) }
      : {}),
    ttl: options.ttl ?? 64,
    tos: options.tos ?? 0,
    length: options.length ?? 60,
    mark: options.mark ?? 0,
    ...(options.mac === undefined ? {} : { macSrc: options.mac }),
    ...(options.uid === undefined ? {} : { owner: { uid: options.uid } }),
  };
  return { packet, blanks };
}

function run(options: Options, output: Output): void {
  if (options.rules.length === 0 && options.snapshot === undefined)
    throw new Refused("name the rules: --rules FILE, or --snapshot FILE", 2);
  if (
    options.snapshot !== undefined &&
    (options.addresses ?? options.routes ?? options.policyRules) !== undefined
  )
    throw new Refused(
      "--snapshot has addresses and routes of its own: leave --addresses, --routes and --policy-rules out",
      2,
    );
  if ((options.in === undefined) === (options.local === undefined))
    throw new Refused(
      "say where the packet comes from: --in INTERFACE, or --local for what this host sends (one of them)",
      2,
    );
  const { packet, blanks } = packetFrom(options);
  const { host, snapshot } = hostFrom(options, packet.family);
  const links = host.links?.map(({ name }) => name);
  if (options.in !== undefined && links !== undefined && !links.includes(options.in))
    throw new Refused(`--in ${options.in}: the host has no such interface; it has ${links.join(", ")}`, 2);
  const warnings = warningsOf(host);
  const path = traverse(host, packet, {
    from: options.in === undefined ? { local: true } : { in: options.in },
    blanks,
    ...(options.state === undefined ? {} : { ctState: options.state }),
    ...(snapshot === undefined ? {} : { state: stateOf(snapshot) }),
  });
  if (options.json === true) {
    output.out(`${JSON.stringify(pathJson(path, warnings), undefined, 2)}\n`);
    return;
  }
  for (const warning of warnings) output.error(`warning: ${warning}\n`);
  output.out(pathText(path, { colour: output.colour, tried: options.tried === true }));
}

/** Colours only where a terminal shows them and nobody asked for none (https://no-color.org). */
export function wantsColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

const TERMINAL: Output = {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  get colour() {
    return wantsColour(process.stdout, process.env);
  },
};

/**
 * `wirebook trace`: where a packet goes on the host that a dump describes, and which rule decides.
 *
 * Exit codes: 0 the path was found (whatever its verdict), 1 a file cannot be read, 2 options that make no sense.
 *
 * @param output - default: the process's own streams.
 * @param exit - called with the code of a failure; default: ends the process with it.
 */
export function configure(
  command: Command,
  output: Output = TERMINAL,
  exit: (code: number) => void = (code) => process.exit(code),
): void {
  command
    .description("where does this packet go, and which rule decides? Reads dumps; touches nothing")
    .option(
      "--rules <file>",
      "what iptables-save printed (`-`: standard input); again for the other variant's rules",
      (file: string, before: string[]) => [...before, file],
      [] as string[],
    )
    .option("--addresses <file>", "what `ip -j addr` printed; without it local addresses are not known")
    .option("--routes <file>", "what `ip -j route` printed; without it the way out is not known")
    .option("--policy-rules <file>", "what `ip -j rule` printed; default: the kernel's own three")
    .option("--snapshot <file>", "a snapshot as JSON, in place of all of these")
    .option(
      "--sysctl <name=value>",
      "a setting of the host; default: a router's (ip_forward=1, route_localnet=1)",
      setting,
      [],
    )
    .option("--in <interface>", "the interface the packet comes in by")
    .option("--local", "a process on the host sends the packet")
    .requiredOption("--src <address>", "source address", address)
    .requiredOption("--dst <address>", "destination address", address)
    .requiredOption("--proto <protocol>", "tcp, udp, icmp, sctp …, or a number", protocol)
    .option("--sport <port>", "source port; without it matches on it are not known", integer(0, 65535))
    .option("--dport <port>", "destination port", integer(0, 65535))
    .option("--icmp-type <type[/code]>", "default: echo request", icmpType)
    .option("--tcp-flags <flags>", "comma-separated; default: SYN", tcpFlags)
    .addOption(
      new Option("--state <state>", "what conntrack says; default: a new connection").choices([
        "NEW",
        "ESTABLISHED",
        "RELATED",
        "INVALID",
        "UNTRACKED",
      ]),
    )
    .option("--ttl <n>", "time to live", integer(0, 255))
    .option("--tos <n>", "the TOS byte", integer(0, 255))
    .option("--length <bytes>", "total length", integer(20, 65535))
    .option("--mark <n>", "the packet's mark; default: 0", integer(0, 0xffffffff))
    .option("--mac <address>", "the sender's link-layer address")
    .option("--uid <n>", "with --local: the sending user", integer(0, 0xffffffff))
    .option("--tried", "shows each rule that did not match, and why")
    .option("--json", "prints the path as JSON")
    .configureOutput({ writeOut: output.out, writeErr: output.error })
    .exitOverride((error: CommanderError) => {
      exit(error.exitCode === 0 ? 0 : 2);
      throw error;
    })
    .action((options: Options) => {
      try {
        run(options, output);
      } catch (cause) {
        if (!(cause instanceof Refused)) throw cause;
        output.error(`trace: ${cause.message}\n`);
        exit(cause.exitCode);
      }
    });
}

/** Runs the command on its own; gives the exit code. Help asked for is no failure. */
export function runTrace(args: readonly string[], output: Output = TERMINAL): number {
  let code = 0;
  const command = new Command("trace");
  configure(command, output, (given) => {
    code = given;
  });
  try {
    command.parse([...args], { from: "user" });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
  }
  return code;
}
