import { randomBytes } from "node:crypto";
import { LabError } from "../../engine";
import type { Traversal } from "../../netfilter/model";
import { alignTrace, type PlaceTrace } from "../../netfilter/trace/align";
import {
  type Flow,
  flowsAt,
  OWN_TABLE,
  type OwnTables,
  ownTables,
  REPORTED_LEAST,
  SENTINEL_ADDRESS,
} from "../../netfilter/trace/own-table";
import type { TraceEvent } from "../../netfilter/trace/read/event";
import { LoadedRules } from "../../netfilter/trace/read/loaded";
import { groupPackets } from "../../netfilter/trace/read/packets";
import { TraceReader } from "../../netfilter/trace/read/reader";
import { SightingCollector, type Sightings } from "../../netfilter/trace/sighting";
import { withoutUndefined } from "../../without-undefined";

/** A running program in a namespace with open streams, as returned by `Engine.open`. */
export interface TraceProcess {
  write(chunk: string): Promise<void>;
  /** Closes its stdin. */
  end(): void;
  readonly exit: Promise<number>;
  destroy(): void;
}

/** A network namespace that can be traced. It always belongs to a container of a lab. */
export interface Traceable {
  readonly place: string;
  /** Names of the links whose frames are reported. Default: none. */
  readonly links?: readonly string[];
  /** Starts a program as root in this network namespace. bash and nft must be available. */
  open(
    argv: readonly string[],
    sink: { stdout(chunk: Buffer): void; stderr(chunk: Buffer): void },
  ): Promise<TraceProcess>;
}

// $1 is the name of our tables. Each further argument is a definition of them. The script loads the first one that this
// kernel accepts and prints its number (`@loaded N`). It removes the tables when it ends: at end of file on stdin (also
// if the process at the other end is killed), on a signal, or after a failure.
// nft receives events when its socket has joined the multicast group. /proc/net/netlink lists the socket by its inode.
const script = `
m=
name=$1; shift
clean() {
  trap - EXIT; [ -z "$m" ] || kill "$m" 2>/dev/null
  nft "delete table inet $name; delete table netdev $name" 2>/dev/null || nft delete table inet "$name" 2>/dev/null
}
trap clean EXIT
trap 'exit 130' INT TERM HUP PIPE
n=0; said=
for text; do
  said=$(printf '%s' "$text" | nft -f - 2>&1) && break
  n=$((n + 1))
done
[ $n -lt $# ] || { printf '%s\n' "$said" >&2; exit 3; }
echo "@loaded $n"; echo @rules; nft -a -t list ruleset || exit 3; echo @monitor
nft -a monitor trace </dev/null & m=$!
listening() {
  for fd in /proc/$m/fd/*; do
    inode=$(readlink "$fd" 2>/dev/null) || continue
    case $inode in socket:*) ;; *) continue ;; esac
    inode=\${inode#socket:[}; inode=\${inode%]}
    while read -r _ family _ groups _ _ _ _ _ found; do
      [ "$family" = 12 ] && [ "$found" = "$inode" ] && [ "$groups" != 00000000 ] && return 0
    done < /proc/net/netlink
  done
  return 1
}
until listening; do kill -0 "$m" 2>/dev/null || exit 4; sleep 0.01; done
echo @ready
while read -r port; do { echo > "/dev/udp/${SENTINEL_ADDRESS}/$port"; } 2>/dev/null; done
`;

/** A running trace of one network namespace. */
export class LiveTrace {
  readonly place: string;
  readonly #process: TraceProcess;
  readonly #events: TraceEvent[] = [];
  readonly #state: State;

  private constructor(place: string, process: TraceProcess, events: TraceEvent[], state: State) {
    this.place = place;
    this.#process = process;
    this.#events = events;
    this.#state = state;
  }

  /**
   * Starts tracing `flows`. Resolves when the monitor receives events, so that it misses no packet sent after that.
   *
   * Shell: `nft -f TABLE; nft -a monitor trace`.
   *
   * @param timeoutMs - milliseconds. Default 10,000.
   * @throws LabError `TIMED_OUT` if the monitor does not start, `COMMAND_FAILED` with nft's message if it fails.
   */
  static async start(namespace: Traceable, flows: readonly Flow[], timeoutMs = 10_000): Promise<LiveTrace> {
    const name = `${OWN_TABLE}-${randomBytes(4).toString("hex")}`;
    const events: TraceEvent[] = [];
    const tables = ownTables(name, flows, namespace.links ?? []);
    const state = new State(namespace.place, name, tables, events);
    const process = await namespace.open(
      ["bash", "-c", script, "bash", name, ...tables.map(({ text }) => text)],
      {
        stdout: (chunk) => state.push(chunk.toString("utf8")),
        stderr: (chunk) => {
          state.complaints += chunk.toString("utf8");
        },
      },
    );
    const trace = new LiveTrace(namespace.place, process, events, state);
    process.exit.then(
      (code) => state.ended(code),
      () => state.ended(-1),
    );
    try {
      await state.until(() => state.ready, timeoutMs, "nft monitor did not start");
      return trace;
    } catch (error) {
      await trace.stop();
      throw error;
    }
  }

  /** Returns the packets that have been reported so far. */
  observed(): PlaceTrace {
    const { loaded, sightings } = this.#state;
    return { place: this.place, packets: groupPackets(this.#events, loaded), loaded, sightings };
  }

  /** Output of the monitor that is not an event, including error messages. Normally empty. */
  get unread(): readonly string[] {
    return this.#state.unread;
  }

  /** The namespace's rules at the start of the trace. */
  get loaded(): LoadedRules {
    return this.#state.loaded;
  }

  /** Returns the events that have been read and removes them, for a trace of many packets. */
  take(): TraceEvent[] {
    this.#state.forget();
    return this.#events.splice(0);
  }

  /** Number of events and sightings that have been read so far. */
  get count(): number {
    return this.#events.length + this.#state.sightings.all.length;
  }

  /**
   * Resolves when all events that the kernel reported before this call have been read. Sends a sentinel packet, whose
   * event passes the same queue after all others.
   */
  async flush(timeoutMs = 10_000): Promise<void> {
    const token = this.#state.nextToken();
    await this.#process.write(`${token}\n`);
    await this.#state.until(
      () => this.#state.seen >= token,
      timeoutMs,
      "the last event of the trace did not arrive",
    );
  }

  /**
   * Stops the monitor and removes our tables. Gives up after five seconds if the namespace does not respond; the script
   * then removes the tables when it reads the end of its stdin.
   */
  async stop(): Promise<void> {
    this.#process.end();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, 5_000);
    });
    await Promise.race([this.#process.exit.catch(() => -1), late]);
    clearTimeout(timer);
    this.#process.destroy();
  }
}

const LINK_FAMILIES: ReadonlySet<string> = new Set(["netdev", "bridge", "arp"]);

/** Parses the output of the script. */
class State {
  ready = false;
  loaded: LoadedRules = new LoadedRules("");
  seen = 0;
  complaints = "";
  readonly #place: string;
  readonly #reader: TraceReader;
  readonly #sightings: SightingCollector;
  readonly #tables: readonly OwnTables[];
  #listing: string | undefined = "";
  #exit: number | undefined;
  #token = 0;
  #check: () => void = () => undefined;

  constructor(place: string, table: string, tables: readonly OwnTables[], events: TraceEvent[]) {
    this.#place = place;
    this.#tables = tables;
    this.#sightings = new SightingCollector(table);
    this.#reader = new TraceReader((event) => {
      if (event.kind === "packet" && event.header.dst === SENTINEL_ADDRESS) {
        if (event.table === table) this.seen = Math.max(this.seen, event.header.dport ?? 0);
        return;
      }
      // The sentinel's rule. The table of another trace in this namespace may report it too.
      if (event.kind === "rule" && event.table.startsWith(OWN_TABLE) && event.verdict.kind === "DROP") return;
      this.#sightings.push(event);
      // Frames pass other hooks before and after those of IPv4 and IPv6.
      if (!LINK_FAMILIES.has(event.family)) events.push(event);
    });
  }

  get sightings(): Sightings {
    const loaded = Number(/^@loaded (\d+)$/m.exec(this.loaded.listing)?.[1]);
    return this.#sightings.sightings(this.#tables[loaded]?.reported ?? REPORTED_LEAST);
  }

  forget(): void {
    this.#sightings.clear();
  }

  get unread(): readonly string[] {
    const lines = this.#reader.unread.filter((line) => line !== "@ready");
    return this.complaints === "" ? lines : [...lines, this.complaints.trim()];
  }

  push(chunk: string): void {
    if (this.#listing !== undefined) {
      this.#listing += chunk;
      const end = this.#listing.indexOf("\n@monitor\n");
      if (end < 0) return;
      this.loaded = new LoadedRules(this.#listing.slice(0, end));
      chunk = this.#listing.slice(end + "\n@monitor\n".length);
      this.#listing = undefined;
    }
    this.#reader.push(chunk);
    if (!this.ready && this.#reader.unread.includes("@ready")) this.ready = true;
    this.#check();
  }

  ended(code: number): void {
    this.#exit = code;
    this.#check();
  }

  nextToken(): number {
    this.#token += 1;
    return this.#token;
  }

  until(condition: () => boolean, timeoutMs: number, missing: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (end: () => void): void => {
        clearTimeout(timer);
        this.#check = () => undefined;
        end();
      };
      const timer = setTimeout(() => done(() => reject(this.#late(missing, timeoutMs))), timeoutMs);
      this.#check = () => {
        if (condition()) done(resolve);
        else if (this.#exit !== undefined) done(() => reject(this.#failed()));
      };
      this.#check();
    });
  }

  #late(missing: string, timeoutMs: number): LabError {
    return new LabError("TIMED_OUT", {
      where: this.#place,
      found: `${missing} within ${timeoutMs} ms${this.complaints === "" ? "" : ` (${this.complaints.trim()})`}`,
      advice: "The machine may be overloaded, or lo may be down in this namespace: ip link show lo.",
    });
  }

  #failed(): LabError {
    return new LabError("COMMAND_FAILED", {
      where: this.#place,
      found: `the kernel's trace cannot be read here (exit code ${this.#exit}): ${this.complaints.trim()}`,
      advice: "Tracing requires nft, bash and NET_ADMIN in the namespace. Test it with: nft monitor trace",
    });
  }
}

/** The result of {@link traceFlow}. */
export interface TracedFlow<T> {
  /** The result of `send`. */
  readonly result: T;
  /** One trace for each namespace. */
  readonly traces: readonly PlaceTrace[];
}

/** Parameters of {@link traceFlow}. */
export interface TraceFlowRequest<T> {
  readonly namespaces: readonly Traceable[];
  /** Sends the packet. Resolves when it has been sent, or when the reply has arrived. */
  readonly send: () => Promise<T>;
  /** True if the sender's kernel chooses the source port. Default: false. */
  readonly anyPort?: boolean;
  /** Whether the trace is complete, so that reading ends. Default: the traces agree with the path. */
  readonly complete?: (traces: readonly PlaceTrace[], result: T) => boolean;
  /** Timeout of each operation. Default: 10,000. */
  readonly timeoutMs?: number;
  /** How long to wait after sending while the trace is not complete. Default: 500. */
  readonly patienceMs?: number;
}

/**
 * Sends a packet and reads the kernel's trace of it. Starts tracing only this flow in the given namespaces, sends, reads
 * until no more events arrive, and stops tracing, also after a failure.
 *
 * @param traversal - the prediction, which contains the addresses of the packet in each place.
 */
export async function traceFlow<T>(
  traversal: Traversal,
  request: TraceFlowRequest<T>,
): Promise<TracedFlow<T>> {
  const { namespaces, send, anyPort = false, timeoutMs = 10_000, patienceMs = 500 } = request;
  const complete = request.complete ?? ((traces) => alignTrace(traversal, traces).agrees);
  const running: LiveTrace[] = [];
  try {
    const started = await Promise.allSettled(
      namespaces.map(async (namespace) => {
        const flows = flowsAt(namespace.place, traversal, anyPort);
        running.push(
          await LiveTrace.start(namespace, flows.length > 0 ? flows : flowsOfAll(traversal), timeoutMs),
        );
      }),
    );
    for (const each of started) if (each.status === "rejected") throw each.reason;
    const patience = performance.now() + patienceMs;
    const result = await send();
    const traces = await settle(running, (seen) => complete(seen, result), { patience, timeoutMs });
    return { result, traces };
  } finally {
    await Promise.all(running.map((trace) => trace.stop()));
  }
}

/** For a place that is not on the predicted path: the flow as it was sent. */
function flowsOfAll({ packet: { family, src, dst, protocol, dport } }: Traversal): Flow[] {
  return [{ family, src, dst, protocol, ...withoutUndefined({ dport }) }];
}

// When `send` resolves, the packet may still be between two namespaces. Reads until the trace is complete, or until two
// rounds through all namespaces return nothing new and the patience time is over.
async function settle(
  running: readonly LiveTrace[],
  complete: (traces: readonly PlaceTrace[]) => boolean,
  { patience, timeoutMs }: { readonly patience: number; readonly timeoutMs: number },
): Promise<PlaceTrace[]> {
  const observed = (): PlaceTrace[] => running.map((trace) => trace.observed());
  const total = (): number => running.reduce((sum, trace) => sum + trace.count, 0);
  for (let quiet = 0, before = -1; quiet < 2 || performance.now() < patience; ) {
    await Promise.all(running.map((trace) => trace.flush(timeoutMs)));
    if (complete(observed())) break;
    quiet = total() === before ? quiet + 1 : 0;
    before = total();
  }
  return observed();
}
