import { Command, CommanderError, Option } from "commander";
import { protocolNumberOf } from "../netfilter/conntrack/protocol";
import type { Packet, UnknownField } from "../netfilter/model";
import { addressWords, familyOf } from "../netfilter/routing/address";
import { type Entry, stateOf, traverse, warningsOf } from "../netfilter/traverse";
import { traversalToJson } from "../netfilter/traverse/json";
import { traversalToText } from "../netfilter/traverse/text";
import { assumptionsOf, assumptionsText, unknownOf } from "./assumptions";
import {
  address,
  icmpType,
  integer,
  interfaceName,
  macAddress,
  protocol,
  Refused,
  setting,
  type TraceArguments,
  tcpFlags,
} from "./trace-argument";
import { countersJson, countersText, judgeReadings } from "./trace-counters";
import { hostFrom, rulesFrom } from "./trace-host";

/** Where the command writes; tests give their own. */
export interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly colour: boolean;
}

function packetFrom(options: TraceArguments): { packet: Packet; unknownFields: UnknownField[] } {
  const [src, dst] = [addressWords(options.src), addressWords(options.dst)];
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
  const unknownFields: UnknownField[] = [];
  for (const name of ["ttl", "tos", "length"] as const)
    if (options[name] === undefined) unknownFields.push(name);
  if (options.uid === undefined) unknownFields.push("owner");
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
  return { packet, unknownFields };
}

function run(options: TraceArguments, output: Output): void {
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
  if (options.in !== undefined && options.uid !== undefined)
    throw new Refused("--uid is about what this host sends: --local, or no --uid", 2);
  if (options.local !== undefined && options.mac !== undefined)
    throw new Refused("--mac is about what comes in: --in INTERFACE, or no --mac", 2);
  const files = [
    ...options.rules,
    ...options.after,
    ...options.quiet,
    options.addresses,
    options.routes,
    options.policyRules,
    options.snapshot,
    options.sysctls,
  ];
  if (files.filter((file) => file === "-").length > 1)
    throw new Refused("standard input can be read once: write - for one file, and name the others", 2);
  if (options.after.length === 0 && (options.quiet.length > 0 || options.sent !== undefined))
    throw new Refused(
      "--quiet and --sent are about counters: name what they were afterwards, --after FILE",
      2,
    );
  const { packet, unknownFields } = packetFrom(options);
  const { host, snapshot } = hostFrom(options, packet.family, output.error);
  const links = host.links?.map(({ name }) => name);
  if (options.in !== undefined && links !== undefined && !links.includes(options.in))
    throw new Refused(
      `--in ${options.in}: the host has no such interface; it has ${links.join(", ") || "none"}`,
      2,
    );
  const warnings = warningsOf(host);
  const from: Entry = options.in === undefined ? { local: true } : { in: options.in };
  const traversal = traverse(host, packet, {
    from,
    unknownFields,
    ...(options.state === undefined ? {} : { ctState: options.state }),
    ...(snapshot === undefined ? {} : { state: stateOf(snapshot) }),
  });
  const counters =
    options.after.length === 0
      ? undefined
      : judgeReadings(host, traversal, from, {
          after: rulesFrom(options.after, options, packet.family),
          ...(options.quiet.length === 0 ? {} : { quiet: rulesFrom(options.quiet, options, packet.family) }),
          sent: options.sent ?? 1,
        });
  const assumed = assumptionsOf(options, host, traversal, { connections: snapshot?.conntrack !== undefined });
  const unknown = unknownOf(host);
  if (options.json === true) {
    const json = {
      ...traversalToJson(traversal, warnings),
      assumed,
      unknown,
      ...(counters ? { counters: countersJson(counters) } : {}),
    };
    output.out(`${JSON.stringify(json, undefined, 2)}\n`);
    return;
  }
  for (const warning of warnings) output.error(`warning: ${warning}\n`);
  output.out(traversalToText(traversal, { colour: output.colour, unmatched: options.tried === true }));
  if (counters !== undefined) output.out(countersText(counters));
  output.out(assumptionsText(assumed, unknown));
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
      "a setting of the host; one that is not given and decides is followed both ways",
      setting,
      [],
    )
    .option("--sysctls <file>", "what `sysctl -a` printed; --sysctl goes before")
    .option("--in <interface>", "the interface the packet comes in by", interfaceName)
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
    .option("--mac <address>", "with --in: the sender's link-layer address", macAddress)
    .option("--uid <n>", "with --local: the sending user", integer(0, 0xffffffff))
    .option(
      "--after <file>",
      "what `iptables-save -c` printed after packets like this one were sent: do the counters agree with the path?",
      (file: string, before: string[]) => [...before, file],
      [] as string[],
    )
    .option(
      "--quiet <file>",
      "the same as long before --rules, when none were sent: what other traffic counts",
      (file: string, before: string[]) => [...before, file],
      [] as string[],
    )
    .option("--sent <n>", "with --after: how many, each a new connection; default: 1", integer(1, 0xffffffff))
    .option("--tried", "shows each rule that did not match, and why")
    .option("--json", "prints the path as JSON")
    .configureOutput({ writeOut: output.out, writeErr: output.error })
    .exitOverride((error: CommanderError) => {
      exit(error.exitCode === 0 ? 0 : 2);
      throw error;
    })
    .action((options: TraceArguments) => {
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
