import { styleText } from "node:util";
import { Command, CommanderError, Option } from "commander";
import { protocolNumberOf } from "../../netfilter/conntrack/protocol";
import type { Packet, UnknownField } from "../../netfilter/model";
import { addressWords, familyOf } from "../../netfilter/routing/address";
import { type Entry, stateOf, traverse, warningsOf } from "../../netfilter/traverse";
import { traversalToJson } from "../../netfilter/traverse/report/json";
import { traversalToText } from "../../netfilter/traverse/report/text";
import { withoutUndefined } from "../../without-undefined";
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

/** The output streams of the command; tests pass their own. */
export interface Output {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
  readonly colour: boolean;
}

function packetFrom(options: TraceArguments): { packet: Packet; unknownFields: UnknownField[] } {
  const [src, dst] = [addressWords(options.src), addressWords(options.dst)];
  if (src === undefined || dst === undefined || src.length !== dst.length)
    throw new Refused(`--src ${options.src} and --dst ${options.dst} are of different address families`, 2);
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
    throw new Refused(`--proto ${options.proto} cannot be used with ${family} addresses`, 2);
  const unknownFields: UnknownField[] = [];
  for (const name of ["ttl", "tos", "length"] as const)
    if (options[name] === undefined) unknownFields.push(name);
  if (options.uid === undefined) unknownFields.push("owner");
  const packet: Packet = {
    family,
    src: options.src,
    dst: options.dst,
    protocol: options.proto,
    ...withoutUndefined({ sport: options.sport, dport: options.dport }),
    ...(icmp ? { icmp: options.icmpType ?? { type: family === "ipv4" ? 8 : 128, code: 0 } } : {}),
    ...(options.proto === "tcp"
      ? { tcpFlags: options.tcpFlags ?? (options.state === "ESTABLISHED" ? ["ACK"] : ["SYN"]) }
      : {}),
    ttl: options.ttl ?? 64,
    tos: options.tos ?? 0,
    length: options.length ?? 60,
    mark: options.mark ?? 0,
    ...withoutUndefined({ macSrc: options.mac }),
    ...(options.uid === undefined ? {} : { owner: { uid: options.uid } }),
  };
  return { packet, unknownFields };
}

function run(options: TraceArguments, output: Output): void {
  if (options.rules.length === 0 && options.snapshot === undefined)
    throw new Refused("no rules given: add --rules FILE or --snapshot FILE", 2);
  if (
    options.snapshot !== undefined &&
    (options.addresses ?? options.routes ?? options.policyRules) !== undefined
  )
    throw new Refused(
      "--snapshot cannot be used with --addresses, --routes or --policy-rules: the snapshot contains these",
      2,
    );
  if ((options.in === undefined) === (options.local === undefined))
    throw new Refused(
      "give one of --in INTERFACE (a packet that the host receives) and --local (a packet that the host sends)",
      2,
    );
  if (options.in !== undefined && options.uid !== undefined)
    throw new Refused("--uid needs --local: only packets that the host sends have a user", 2);
  if (options.local !== undefined && options.mac !== undefined)
    throw new Refused("--mac needs --in INTERFACE: only received packets have a source MAC address", 2);
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
    throw new Refused("standard input (-) can be read only once: use file names for the others", 2);
  if (options.after.length === 0 && (options.quiet.length > 0 || options.sent !== undefined))
    throw new Refused("--quiet and --sent need --after FILE: the counters after the packets were sent", 2);
  const { packet, unknownFields } = packetFrom(options);
  const { host, snapshot } = hostFrom(options, packet.family, output.error);
  const links = host.links?.map(({ name }) => name);
  if (options.in !== undefined && links !== undefined && !links.includes(options.in))
    throw new Refused(
      `--in ${options.in}: the host has no such interface (available: ${links.join(", ") || "none"})`,
      2,
    );
  const warnings = warningsOf(host);
  const from: Entry = options.in === undefined ? { local: true } : { in: options.in };
  const traversal = traverse(host, packet, {
    from,
    unknownFields,
    ...withoutUndefined({ ctState: options.state }),
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
  output.out(
    traversalToText(traversal, {
      ...(output.colour ? { style: styleText } : {}),
      unmatched: options.tried === true,
    }),
  );
  if (counters !== undefined) output.out(countersText(counters));
  output.out(assumptionsText(assumed, unknown));
}

/** Whether to print colours: only to a terminal, and not if `NO_COLOR` is set (https://no-color.org). */
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
 * Configures `wirebook trace`: traces a packet through the host described by dumps, and shows which rule decides.
 *
 * Exit codes: 0 the path was found (with any verdict), 1 a file cannot be read, 2 invalid options.
 *
 * @param output - default: stdout and stderr of the process.
 * @param exit - called with the exit code on failure; default: exits the process.
 */
export function configure(
  command: Command,
  output: Output = TERMINAL,
  exit: (code: number) => void = (code) => process.exit(code),
): void {
  command
    .description("Traces a packet through saved rules and shows which rule decides. Changes nothing.")
    .showHelpAfterError('Run "wirebook trace --help" for the list of options.')
    .option(
      "--rules <file>",
      "output of iptables-save, - for stdin; repeat it for the rules of the other variant",
      (file: string, before: string[]) => [...before, file],
      [] as string[],
    )
    .option("--addresses <file>", "output of `ip -j addr`; default: local addresses are unknown")
    .option("--routes <file>", "output of `ip -j route`; default: routes are unknown")
    .option("--policy-rules <file>", "output of `ip -j rule`; default: the kernel's three default rules")
    .option("--snapshot <file>", "output of `wirebook snapshot`; replaces the options above")
    .option(
      "--sysctl <name=value>",
      "a sysctl of the host; if a missing one decides, both branches are followed",
      setting,
      [],
    )
    .option("--sysctls <file>", "output of `sysctl -a`; --sysctl overrides it")
    .option("--in <interface>", "the host receives the packet on this interface", interfaceName)
    .option("--local", "a process of the host sends the packet")
    .requiredOption("--src <address>", "source address", address)
    .requiredOption("--dst <address>", "destination address", address)
    .requiredOption("--proto <protocol>", "tcp, udp, icmp, sctp …, or its number", protocol)
    .option("--sport <port>", "source port; default: unknown", integer(0, 65535))
    .option("--dport <port>", "destination port", integer(0, 65535))
    .option("--icmp-type <type[/code]>", "default: echo request", icmpType)
    .option("--tcp-flags <flags>", "comma-separated; default: SYN", tcpFlags)
    .addOption(
      new Option("--state <state>", "conntrack state; default: a new connection").choices([
        "NEW",
        "ESTABLISHED",
        "RELATED",
        "INVALID",
        "UNTRACKED",
      ]),
    )
    .option("--ttl <n>", "TTL or hop limit", integer(0, 255))
    .option("--tos <n>", "TOS byte", integer(0, 255))
    .option("--length <bytes>", "total length in bytes, with the IP header", integer(20, 65535))
    .option("--mark <n>", "mark of the packet; default: 0", integer(0, 0xffffffff))
    .option("--mac <address>", "with --in: source MAC address", macAddress)
    .option("--uid <n>", "with --local: user id of the sending process", integer(0, 0xffffffff))
    .option(
      "--after <file>",
      "output of `iptables-save -c` after such packets were sent: compares the counters with the path",
      (file: string, before: string[]) => [...before, file],
      [] as string[],
    )
    .option(
      "--quiet <file>",
      "output of `iptables-save -c` from before --rules, when no such packets were sent: measures other traffic",
      (file: string, before: string[]) => [...before, file],
      [] as string[],
    )
    .option("--sent <n>", "with --after: number of connections sent; default: 1", integer(1, 0xffffffff))
    .option("--tried", "show each rule that did not match, and why")
    .option("--json", "print the path as JSON")
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

/** Runs the command without the `wirebook` program, and returns its exit code. `--help` returns 0. */
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
