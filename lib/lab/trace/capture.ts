import { writeFile } from "node:fs/promises";
import { display } from "../../display";
import { LabError, type Process } from "../../engine";
import { type CapturedPacket, parsePcap } from "../../inspect/read/pcap";
import type { ContainerPlace } from "../place/place";

// Sends a marker packet. Once tcpdump has read it, it has read every packet before it.
const SENTINEL = "127.255.255.254";
const SENTINEL_PORT = 9;

// -B: in immediate mode, every packet occupies a buffer slot of the maximum packet size. The default buffer, 2 MB, has
// only eight slots, so packets of a burst are lost. -Z root: otherwise tcpdump switches to another user, which may not
// exist in the container.
const program = `exec 3<&0
tcpdump -i any -n -U --immediate-mode -s 0 -B 32768 -Z root -w - "$1" < /dev/null & dump=$!
{
  while read -r _; do { echo > /dev/udp/${SENTINEL}/${SENTINEL_PORT}; } 2>/dev/null; done
  kill -INT $dump 2>/dev/null
} <&3 > /dev/null 2>&1 & feeder=$!
wait $dump; code=$?
kill $feeder 2>/dev/null
exit $code`;

/**
 * One packet, as it was seen on one link of a place.
 *
 * @example
 * import type { Sighting } from "wirebook";
 * // The rows of a capture contain these.
 * const where = ({ place, link, outgoing }: Sighting): string => `${place} ${link} ${outgoing ? "out" : "in"}`;
 */
export interface Sighting extends CapturedPacket {
  /** Name of the place. */
  readonly place: string;
  /** Name of the link, or `?` if the link was added after the capture started. */
  readonly link: string;
}

/**
 * One packet and all links on which it was seen, in order of time.
 *
 * @example
 * import type { CapturedRow } from "wirebook";
 * // `captured.rows` contains these. True for a packet whose destination NAT has changed on its path.
 * const translated = ({ sightings }: CapturedRow): boolean => new Set(sightings.map(({ dst }) => dst)).size > 1;
 */
export interface CapturedRow {
  /** Identifies the packet. The same in all its sightings, also after NAT. */
  readonly identity: string;
  /** At least one. */
  readonly sightings: readonly Sighting[];
}

/**
 * The result of a capture: the packets of all places, matched with each other.
 *
 * @example
 * import { type Captured, Lab } from "wirebook";
 * const lab = await Lab.open("captured-example");
 * const client = await lab.pod("client");
 * const capture = await lab.capture([client, lab.outside], "tcp port 80");
 * await client.get(`http://${lab.outside.address}/`);
 * const captured: Captured = await capture.stop();
 * console.log(String(captured), captured.pcap("client").length);
 * await lab.close();
 */
export class Captured {
  /** One row for each packet, in the order in which the packets were first seen. */
  readonly rows: readonly CapturedRow[];
  /** The pcap file of each place. */
  readonly files: ReadonlyMap<string, Buffer>;

  constructor(sightings: readonly Sighting[], files: ReadonlyMap<string, Buffer>) {
    this.rows = align(sightings);
    this.files = files;
  }

  /**
   * Returns the capture of one place as a pcap file, which Wireshark can open.
   *
   * @throws LabError `UNKNOWN_PLACE` if the capture does not include this place.
   */
  pcap(place: string): Uint8Array {
    const file = this.files.get(place);
    if (file) return file;
    throw new LabError("UNKNOWN_PLACE", {
      where: place,
      found: "nothing was captured there",
      advice: `Captured places: ${[...this.files.keys()].join(", ")}.`,
    });
  }

  /**
   * Writes the capture of one place to a pcap file and replaces an existing file.
   *
   * @throws LabError `UNKNOWN_PLACE` if the capture does not include this place.
   */
  async save(place: string, path: string): Promise<void> {
    await writeFile(path, this.pcap(place));
  }

  /** Returns a line for each packet, followed by a line for each sighting: place, link, direction and addresses. */
  toString(): string {
    return this.rows.map(rowText).join("\n");
  }

  [display](): Readonly<Record<string, string>> {
    return { "text/plain": this.toString() };
  }
}

/**
 * A running capture in several places.
 *
 * @example
 * import { type Capture, Lab } from "wirebook";
 * const lab = await Lab.open("capture-example");
 * const client = await lab.pod("client");
 * const capture: Capture = await lab.capture([client, lab.outside], "tcp port 80");
 * await client.get(`http://${lab.outside.address}/`);
 * const { rows } = await capture.stop();
 * console.log(rows.length);
 * await lab.close();
 */
export class Capture {
  readonly #points: readonly Point[];

  private constructor(points: readonly Point[]) {
    this.#points = points;
  }

  /**
   * Starts capturing in each place, on all its links. Resolves when tcpdump listens in every place, so that packets
   * sent after that are captured. If it fails in one place, stops the others.
   *
   * Shell: `tcpdump -i any -w FILE FILTER` in each place.
   *
   * @param filter - pcap-filter(7) expression, for example `tcp port 80`. Default: all packets.
   * @throws LabError `COMMAND_FAILED` with tcpdump's message if tcpdump does not start, for example because it rejects
   * the filter.
   */
  static async start(places: readonly ContainerPlace[], filter = ""): Promise<Capture> {
    const started = await Promise.allSettled(places.map((place) => Point.open(place, filter)));
    const points = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    for (const each of started) {
      if (each.status === "fulfilled") continue;
      await Promise.all(points.map((point) => point.stop()));
      throw each.reason;
    }
    return new Capture(points);
  }

  /** Stops the capture and matches the packets of all places. */
  async stop(): Promise<Captured> {
    await Promise.all(this.#points.map((point) => point.stop()));
    const files = new Map(this.#points.map((point) => [point.name, point.file()]));
    return new Captured(
      this.#points.flatMap((point) => point.sightings()),
      files,
    );
  }
}

/** The tcpdump process of one place. */
class Point {
  readonly name: string;
  readonly #links: ReadonlyMap<number, string>;
  #process: Process | undefined;
  #chunks: Buffer[] = [];
  #said = "";
  #check = (): void => undefined;

  private constructor(name: string, links: ReadonlyMap<number, string>) {
    this.name = name;
    this.#links = links;
  }

  static async open(place: ContainerPlace, filter: string): Promise<Point> {
    const [{ toolbox, pid }, look] = await Promise.all([place.netnsHandle(), place.snapshot()]);
    const point = new Point(place.name, new Map(look.links.map(({ ifindex, name }) => [ifindex, name])));
    const sentinel = `(udp and dst host ${SENTINEL} and dst port ${SENTINEL_PORT})`;
    const wanted = filter.trim() === "" ? "" : `(${filter}) or ${sentinel}`;
    const argv = ["nsenter", "-t", String(pid), "-n", "bash", "-c", program, "bash", wanted];
    const process = await toolbox.engine.open(toolbox.container, argv, {
      where: place.name,
      sink: {
        stdout: (chunk) => {
          point.#chunks.push(chunk);
          point.#check();
        },
        stderr: (chunk) => {
          point.#said += chunk.toString();
          point.#check();
        },
      },
    });
    point.#process = process;
    if (await point.#until(() => /listening on any/.test(point.#said))) return point;
    process.destroy();
    throw new LabError("COMMAND_FAILED", {
      where: place.name,
      found: `tcpdump cannot capture: ${point.#said.trim().split("\n").at(-1) ?? "it exited"}`,
      advice: "Use a filter such as `tcp port 80` or `host 10.0.0.1 and icmp`. See man pcap-filter.",
    });
  }

  async stop(): Promise<void> {
    const process = this.#process;
    if (!process) return;
    this.#process = undefined;
    await process.write("last\n").catch(() => undefined);
    await this.#until(() => this.#packets().some(isSentinel), process);
    process.end();
    await process.exit.catch(() => undefined);
  }

  sightings(): readonly Sighting[] {
    return this.#packets()
      .filter((packet) => !isSentinel(packet))
      .map((packet) => ({ ...packet, place: this.name, link: this.#links.get(packet.ifindex) ?? "?" }));
  }

  /** Returns the pcap file without our sentinel packets. */
  file(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    const kept = this.#packets().filter((packet) => !isSentinel(packet));
    return Buffer.concat([
      whole.subarray(0, 24),
      ...kept.map(({ record: [begin, end] }) => whole.subarray(begin, end)),
    ]);
  }

  #packets(): readonly CapturedPacket[] {
    return parsePcap(Buffer.concat(this.#chunks));
  }

  // Resolves to false if tcpdump exits before the condition is true.
  #until(condition: () => boolean, process = this.#process): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (value: boolean): void => {
        this.#check = () => undefined;
        resolve(value);
      };
      this.#check = () => {
        if (condition()) done(true);
      };
      process?.exit.then(
        () => done(condition()),
        () => done(false),
      );
      this.#check();
    });
  }
}

function isSentinel({ dst, dport, protocol }: CapturedPacket): boolean {
  return protocol === "udp" && dst === SENTINEL && dport === SENTINEL_PORT;
}

function align(sightings: readonly Sighting[]): readonly CapturedRow[] {
  const rows = new Map<string, Sighting[]>();
  const ordered = [...sightings].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  for (const sighting of ordered) {
    const row = rows.get(sighting.identity);
    if (row) row.push(sighting);
    else rows.set(sighting.identity, [sighting]);
  }
  return [...rows].map(([identity, all]) => ({ identity, sightings: all }));
}

function rowText({ sightings }: CapturedRow): string {
  const [first] = sightings;
  const kind =
    first === undefined
      ? ""
      : `${first.protocol}${first.flags ? ` [${first.flags}]` : ""} ${first.length} bytes`;
  const places = sightings.map(
    (seen) => `  ${seen.place} ${seen.link} ${seen.outgoing ? "out" : "in "}  ${ends(seen)}`,
  );
  return [kind, ...places].join("\n");
}

function ends({ src, sport, dst, dport }: Sighting): string {
  const at = (host: string, port: number | undefined): string =>
    port === undefined ? host : `${host}:${port}`;
  return `${at(src, sport)} → ${at(dst, dport)}`;
}
