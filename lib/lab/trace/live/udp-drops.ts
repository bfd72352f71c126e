import type { ContainerPlace } from "../../place/place";

/** Number of datagrams that the sockets of a local port discarded, by place. Usually their receive queue was full. */
export type UdpDrops = ReadonlyMap<string, number>;

/**
 * Reads how many datagrams sockets have discarded after INPUT, for example because a program does not read fast enough.
 *
 * Shell: `cat /proc/net/udp /proc/net/udp6`, column `drops`.
 *
 * @param ports - the local port to read in each place.
 * @returns the number of discarded datagrams by name of the place.
 */
export async function readUdpDrops(ports: ReadonlyMap<ContainerPlace, number>): Promise<UdpDrops> {
  const read = [...ports].map(async ([place, port]) => {
    const { shell } = await place.netnsHandle();
    const { stdout } = await shell.run("cat /proc/net/udp /proc/net/udp6 2>/dev/null");
    return [place.name, sumDrops(stdout, port)] as const;
  });
  return new Map(await Promise.all(read));
}

/** Adds the `drops` of all sockets of a local port in a table such as /proc/net/udp. */
export function sumDrops(table: string, port: number): number {
  let sum = 0;
  for (const line of table.split("\n")) {
    const fields = line.trim().split(/\s+/);
    const local = /^[0-9A-F]+:([0-9A-F]{4})$/.exec(fields[1] ?? "")?.[1];
    if (local !== undefined && Number.parseInt(local, 16) === port) sum += Number(fields.at(-1));
  }
  return sum;
}
