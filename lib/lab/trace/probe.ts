import type { ShellAnswer } from "../../engine";
import type { Packet } from "../../netfilter/model";
import type { ContainerPlace } from "../place/place";

/** What the program said that sent a packet. */
export interface Sent {
  /** Whether it got an answer: of an echo, the reply; of TCP, a connection. */
  readonly heard: boolean;
  /** Its errors, in its own words. */
  readonly said: string;
}

/**
 * Really sends a packet. By root, from the namespace itself: an app's image may have no tool that can. The source port (the echo's
 * identifier) is the predicted one, so that the trace is of this packet and no other.
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
  // Whether an answer came is not the question here: the trace tells where the packet went.
  if (dport === undefined)
    return shell.command(["ping", "-n", "-c1", "-W1", "-e", String(icmp?.id ?? 0), dst]);
  if (protocol === "udp") return shell.run(`echo | timeout 0.8 socat -u - '${socket}'`);
  return shell.command(["timeout", "0.8", "socat", "-u", "/dev/null", socket]);
}

/** How many connections {@link repeatProbe} opens. */
export const REPEATS = 8;

/** New connections to the same end, all at once, each from a port of its own. */
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

// Below the range that Linux gives out by itself (32768-60999), so that no program has it.
let lastPort = 20_000 + Math.floor(Math.random() * 10_000);

/** A source port that no other packet of this process has. */
export function sourcePort(): number {
  lastPort = lastPort >= 31_999 ? 20_000 : lastPort + 1;
  return lastPort;
}
