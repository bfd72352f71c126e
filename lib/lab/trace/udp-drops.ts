import type { ContainerPlace } from "../place/place";

/** Datagrams that the sockets of one local port discarded so far, by place: their receive queues were full. */
export type UdpDrops = ReadonlyMap<string, number>;

/**
 * Reads how many datagrams sockets have discarded after INPUT, as where a program does not read fast enough.
 *
 * Shell: `cat /proc/net/udp /proc/net/udp6`; the last column, proc(5).
 *
 * @param ports - the local port to look at in each place.
 */
export async function readUdpDrops(ports: ReadonlyMap<ContainerPlace, number>): Promise<UdpDrops> {
  const read = [...ports].map(async ([place, port]) => {
    const { shell } = await place.netnsHandle();
    const { stdout } = await shell.run("cat /proc/net/udp /proc/net/udp6 2>/dev/null");
    return [place.name, sumDrops(stdout, port)] as const;
  });
  return new Map(await Promise.all(read));
}

/** Adds up what the sockets of this local port discarded. */
export function sumDrops(table: string, port: number): number {
  let sum = 0;
  for (const line of table.split("\n")) {
    const fields = line.trim().split(/\s+/);
    const local = /^[0-9A-F]+:([0-9A-F]{4})$/.exec(fields[1] ?? "")?.[1];
    if (local !== undefined && Number.parseInt(local, 16) === port) sum += Number(fields.at(-1));
  }
  return sum;
}
