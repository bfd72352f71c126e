import type { Packet } from "../netfilter/model";
import type { ContainerPlace } from "./place";

/**
 * Really sends a packet. By root, from the namespace itself: an app's image may have no tool that can. The source port (the echo's
 * identifier) is the predicted one, so that the trace is of this packet and no other.
 */
export async function send(
  from: ContainerPlace,
  { protocol, dst, sport, dport, icmp }: Packet,
): Promise<void> {
  const { shell } = await from.entrance();
  const host = dst.includes(":") ? `[${dst}]` : dst;
  const socket = `${protocol.toUpperCase()}:${host}:${dport},sourceport=${sport},reuseaddr`;
  // Whether an answer came is not the question here: the trace tells where the packet went.
  if (dport === undefined)
    await shell.command(["ping", "-n", "-c1", "-W1", "-e", String(icmp?.id ?? 0), dst]);
  else if (protocol === "udp") await shell.run(`echo | timeout 0.8 socat -u - '${socket}'`);
  else await shell.command(["timeout", "0.8", "socat", "-u", "/dev/null", socket]);
}

/** How many connections {@link repeat} opens. */
export const REPEATS = 8;

/** New connections to the same end, all at once, each from a port of its own. */
export async function repeat(from: ContainerPlace, { protocol, dst, dport }: Packet): Promise<void> {
  const { shell } = await from.entrance();
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
