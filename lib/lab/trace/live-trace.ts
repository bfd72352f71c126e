import { randomBytes } from "node:crypto";
import { LabError } from "../../engine";
import type { Traversal } from "../../netfilter/model";
import { alignTrace, type PlaceTrace } from "../../netfilter/trace/align";
import type { TraceEvent } from "../../netfilter/trace/event";
import { LoadedRules } from "../../netfilter/trace/loaded";
import {
  type Flow,
  flowsAt,
  OWN_TABLE,
  type OwnTables,
  ownTables,
  REPORTED_LEAST,
  SENTINEL_ADDRESS,
} from "../../netfilter/trace/own-table";
import { groupPackets } from "../../netfilter/trace/packets";
import { TraceReader } from "../../netfilter/trace/reader";
import { SightingCollector, type Sightings } from "../../netfilter/trace/sighting";

/** A program inside a namespace whose streams are held open: what `Engine.open` gives. */
export interface TraceProcess {
  write(chunk: string): Promise<void>;
  /** Closes its stdin. */
  end(): void;
  readonly exit: Promise<number>;
  destroy(): void;
}

/** A network namespace that may be traced. Only ever one of our own containers'. */
export interface Traceable {
  readonly place: string;
  /** Its links whose frames are reported. Default: none. */
  readonly links?: readonly string[];
  /** Starts a program of root in this network namespace, with bash and nft at hand. */
  open(
    argv: readonly string[],
    sink: { stdout(chunk: Buffer): void; stderr(chunk: Buffer): void },
  ): Promise<TraceProcess>;
}

// $1 is our tables' name; each argument after that is a text of them: the first that this kernel takes is loaded, and
// `@loaded N` says which. All that it sets up goes away with it, however it ends: by end of file on stdin
// (also when the process at the other end is killed), a signal, or a failure on the way.
// nft listens once its socket is in the group: /proc/net/netlink names the socket by its inode.
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

/** A running trace of one namespace. */
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
   * Sets tracing for `flows`, and resolves when the monitor listens: no packet sent after that is missed.
   *
   * Shell: `nft -f TABLE; nft -a monitor trace`.
   *
   * @param timeoutMs - milliseconds. Default 10,000.
   * @throws LabError `TIMED_OUT`, or `COMMAND_FAILED` with nft's own words.
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
      await state.until(() => state.ready, timeoutMs, "nft monitor did not begin to listen");
      return trace;
    } catch (error) {
      await trace.stop();
      throw error;
    }
  }

  /** What has been read so far, in packets. */
  observed(): PlaceTrace {
    const { loaded, sightings } = this.#state;
    return { place: this.place, packets: groupPackets(this.#events, loaded), loaded, sightings };
  }

  /** What the monitor printed that is no event, its complaints included: empty when all is well. */
  get unread(): readonly string[] {
    return this.#state.unread;
  }

  /** What the namespace's rules were when the trace began. */
  get loaded(): LoadedRules {
    return this.#state.loaded;
  }

  /** Hands out the events that have been read and forgets them: for a trace that goes on through many packets. */
  take(): TraceEvent[] {
    this.#state.forget();
    return this.#events.splice(0);
  }

  /** How much has been read so far. */
  get count(): number {
    return this.#events.length + this.#state.sightings.all.length;
  }

  /**
   * Resolves when everything that the kernel reported before this call has been read: a packet of its own goes
   * through the same queue, and its event comes out last.
   */
  async flush(timeoutMs = 10_000): Promise<void> {
    const token = this.#state.nextToken();
    await this.#process.write(`${token}\n`);
    await this.#state.until(
      () => this.#state.seen >= token,
      timeoutMs,
      "the trace's last event did not come",
    );
  }

  /**
   * Ends the monitor and removes what was set. Resolves when it is gone; a namespace that does not answer any more is
   * left after five seconds, and cleans up by itself as soon as it can.
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

/** What one stream of the script has told. */
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
      // The sentinel's one rule: the table of another trace in this namespace may report it as well.
      if (event.kind === "rule" && event.table.startsWith(OWN_TABLE) && event.verdict.kind === "DROP") return;
      this.#sightings.push(event);
      // Frames have hooks of their own, before and after those of a packet's way through IPv4 or IPv6.
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
      advice: "Tracing needs nft, bash and NET_ADMIN in the namespace: look with nft monitor trace.",
    });
  }
}

/** What a live trace of a flow found. */
export interface TracedFlow<T> {
  /** What `send` resolved to. */
  readonly result: T;
  /** One for each namespace that was traced. */
  readonly traces: readonly PlaceTrace[];
}

/** What {@link traceFlow} needs to know. */
export interface TraceFlowRequest<T> {
  readonly namespaces: readonly Traceable[];
  /** Sends the packet, and resolves when it has been sent (an answer may be waited for). */
  readonly send: () => Promise<T>;
  /** True where the sender's kernel chooses the source port. Default: false. */
  readonly anyPort?: boolean;
  /** Whether nothing more is expected: reading ends. Default: the traces agree with the path. */
  readonly complete?: (traces: readonly PlaceTrace[], result: T) => boolean;
  /** For each thing that is waited for. Default: 10,000. */
  readonly timeoutMs?: number;
  /** How long a packet that is not complete may take since it was sent. Default: 500. */
  readonly patienceMs?: number;
}

/**
 * Sends a packet and reads the kernel's own account of it: sets tracing for exactly this flow in the given namespaces,
 * sends, reads until nothing more comes, and removes what it set, also after a failure.
 *
 * @param traversal - the prediction: it says how the packet looks in each place.
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

/** A place that the prediction does not name may still see the packet, as it was sent. */
function flowsOfAll({ packet: { family, src, dst, protocol, dport } }: Traversal): Flow[] {
  return [{ family, src, dst, protocol, ...(dport === undefined ? {} : { dport }) }];
}

// A packet may still be between two namespaces when its sender is told that it was sent: reading goes on until all that
// is expected was seen, or until two rounds through all namespaces brought nothing new and its time is over.
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
