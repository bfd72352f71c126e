import type { ShellAnswer } from "../../engine";
import type { Packet } from "../../netfilter/model";
import type { ContainerPlace } from "../place/place";

/** Result of the program that sent a packet. */
export interface Sent {
  /** Whether the program exited with 0. For ICMP: it received the echo reply. For TCP: it connected. */
  readonly heard: boolean;
  /** Output of the program, including its error messages. */
  readonly said: string;
}

/**
 * Sends the packet as root from the network namespace, with the toolbox's programs, because an app's image may have
 * none that can. Uses the predicted source port, or echo identifier, so that the trace selects only this packet.
 */
export async function sendProbe(from: ContainerPlace, packet: Packet): Promise<Sent> {
  const { exitCode, stdout, stderr } = await run(from, packet);
  return { heard: exitCode === 0, said: `${stdout}${stderr}`.trim() };
}

async function run(
  from: ContainerPlace,
  { protocol, dst, sport, dport, icmp }: Packet,
): Promise<ShellAnswer> {
  const { shell } = await from.netnsHandle();
  const host = dst.includes(":") ? `[${dst}]` : dst;
  const socket = `${protocol.toUpperCase()}:${host}:${dport},sourceport=${sport},reuseaddr`;
  // The exit codes are ignored: a missing reply is not an error, because the trace shows where the packet went.
  if (dport === undefined)
    return shell.command(["ping", "-n", "-c1", "-W1", "-e", String(icmp?.id ?? 0), dst]);
  if (protocol === "udp") return shell.run(`echo | timeout 0.8 socat -u - '${socket}'`);
  return shell.command(["timeout", "0.8", "socat", "-u", "/dev/null", socket]);
}

/** Number of connections that {@link repeatProbe} opens. */
export const REPEATS = 8;

/** Opens {@link REPEATS} new connections to the same destination concurrently, each from a different source port. */
export async function repeatProbe(from: ContainerPlace, { protocol, dst, dport }: Packet): Promise<void> {
  const { shell } = await from.netnsHandle();
  const host = dst.includes(":") ? `[${dst}]` : dst;
  const once = (): string => {
    if (dport === undefined) return `ping -n -c1 -W1 ${dst}`;
    const end = `${protocol.toUpperCase()}:${host}:${dport},sourceport=${sourcePort()},reuseaddr`;
    return protocol === "udp"
      ? `echo | timeout 0.8 socat -u - '${end}'`
      : `timeout 0.8 socat -u /dev/null '${end}'`;
  };
  const each = Array.from({ length: REPEATS }, () => `{ ${once()}; } >/dev/null 2>&1 &`);
  await shell.run(`${each.join("\n")}\nwait`);
}

// Below the range from which Linux assigns ephemeral ports (32768-60999, ip(7)), so that no program uses the port.
let lastPort = 20_000 + Math.floor(Math.random() * 10_000);

/** Returns a source port that this process has not used recently: it reuses a port after 12,000 calls. */
export function sourcePort(): number {
  lastPort = lastPort >= 31_999 ? 20_000 : lastPort + 1;
  return lastPort;
}
