import { randomBytes } from "node:crypto";
import { LabError } from "../../engine/error";
import type { Path } from "../model";
import { type Agreement, alignTrace, type PlaceTrace } from "./align";
import type { TraceEvent } from "./event";
import { LoadedRules } from "./loaded";
import { type Flow, flowsAt, OWN_TABLE, ownTable, SENTINEL_ADDRESS } from "./own-table";
import { groupPackets } from "./packets";
import { TraceReader } from "./reader";

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
  /** Starts a program of root in this network namespace, with bash and nft at hand. */
  open(
    argv: readonly string[],
    sink: { stdout(chunk: Buffer): void; stderr(chunk: Buffer): void },
  ): Promise<TraceProcess>;
}

// $1 is the table's name, $2 its text. All that it sets up goes away with it, however it ends: by end of file on stdin
// (also when the process at the other end is killed), a signal, or a failure on the way.
// nft listens once its socket is in the group: /proc/net/netlink names the socket by its inode.
const script = `
m=
clean() { trap - EXIT; [ -z "$m" ] || kill "$m" 2>/dev/null; nft delete table inet "$1" 2>/dev/null; }
trap 'clean "$1"' EXIT
trap 'exit 130' INT TERM HUP PIPE
printf '%s' "$2" | nft -f - || exit 3
echo @rules; nft -a -t list ruleset || exit 3; echo @monitor
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
   * @param timeout - milliseconds. Default 10,000.
   * @throws LabError `TIMED_OUT`, or `COMMAND_FAILED` with nft's own words.
   */
  static async start(namespace: Traceable, flows: readonly Flow[], timeout = 10_000): Promise<LiveTrace> {
    const name = `${OWN_TABLE}-${randomBytes(4).toString("hex")}`;
    const events: TraceEvent[] = [];
    const state = new State(namespace.place, name, events);
    const process = await namespace.open(["bash", "-c", script, "bash", name, ownTable(name, flows)], {
      stdout: (chunk) => state.push(chunk.toString("utf8")),
      stderr: (chunk) => {
        state.complaints += chunk.toString("utf8");
      },
    });
    const trace = new LiveTrace(namespace.place, process, events, state);
    process.exit.then(
      (code) => state.ended(code),
      () => state.ended(-1),
    );
    try {
      await state.until(() => state.ready, timeout, "nft monitor did not begin to listen");
      return trace;
    } catch (error) {
      await trace.stop();
      throw error;
    }
  }

  /** What has been read so far, in packets. */
  observed(): PlaceTrace {
    const { loaded } = this.#state;
    return { place: this.place, packets: groupPackets(this.#events, loaded), loaded };
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
    return this.#events.splice(0);
  }

  /** How many events have been read so far. */
  get count(): number {
    return this.#events.length;
  }

  /**
   * Resolves when everything that the kernel reported before this call has been read: a packet of its own goes
   * through the same queue, and its event comes out last.
   */
  async flush(timeout = 10_000): Promise<void> {
    const token = this.#state.nextToken();
    await this.#process.write(`${token}\n`);
    await this.#state.until(() => this.#state.seen >= token, timeout, "the trace's last event did not come");
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

/** What one stream of the script has told. */
class State {
  ready = false;
  loaded: LoadedRules = new LoadedRules("");
  seen = 0;
  complaints = "";
  readonly #place: string;
  readonly #reader: TraceReader;
  #listing: string | undefined = "";
  #exit: number | undefined;
  #token = 0;
  #check: () => void = () => undefined;

  constructor(place: string, table: string, events: TraceEvent[]) {
    this.#place = place;
    this.#reader = new TraceReader((event) => {
      if (event.kind === "packet" && event.header.dst === SENTINEL_ADDRESS) {
        if (event.table === table) this.seen = Math.max(this.seen, event.header.dport ?? 0);
        return;
      }
      // The sentinel's one rule: the table of another trace in this namespace may report it as well.
      if (event.kind === "rule" && event.table.startsWith(OWN_TABLE) && event.verdict.kind === "DROP") return;
      events.push(event);
    });
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

  until(condition: () => boolean, timeout: number, missing: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (end: () => void): void => {
        clearTimeout(timer);
        this.#check = () => undefined;
        end();
      };
      const timer = setTimeout(() => done(() => reject(this.#late(missing, timeout))), timeout);
      this.#check = () => {
        if (condition()) done(resolve);
        else if (this.#exit !== undefined) done(() => reject(this.#failed()));
      };
      this.#check();
    });
  }

  #late(missing: string, timeout: number): LabError {
    return new LabError("TIMED_OUT", {
      where: this.#place,
      found: `${missing} within ${timeout} ms${this.complaints === "" ? "" : ` (${this.complaints.trim()})`}`,
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
  /** The prediction compared with it. */
  readonly agreement: Agreement;
}

/**
 * Sends a packet and reads the kernel's own account of it: sets tracing for exactly this flow in the given namespaces,
 * sends, reads until nothing more comes, and removes what it set, also after a failure.
 *
 * @param path - the prediction: it says how the packet looks in each place, and what its trace is compared with.
 * @param request.send - sends the packet, and resolves when it has been sent (an answer may be waited for).
 * @param request.anyPort - true where the sender's kernel chooses the source port.
 */
export async function traceFlow<T>(
  path: Path,
  request: {
    readonly namespaces: readonly Traceable[];
    readonly send: () => Promise<T>;
    readonly anyPort?: boolean;
    /** Milliseconds for each thing that is waited for. Default 10,000. */
    readonly timeout?: number;
  },
): Promise<TracedFlow<T>> {
  const { namespaces, send, anyPort = false, timeout = 10_000 } = request;
  const running: LiveTrace[] = [];
  try {
    const started = await Promise.allSettled(
      namespaces.map(async (namespace) => {
        const flows = flowsAt(namespace.place, path, anyPort);
        running.push(await LiveTrace.start(namespace, flows.length > 0 ? flows : flowsOfAll(path), timeout));
      }),
    );
    for (const each of started) if (each.status === "rejected") throw each.reason;
    const result = await send();
    const traces = await settle(running, path, timeout);
    return { result, traces, agreement: alignTrace(path, traces) };
  } finally {
    await Promise.all(running.map((trace) => trace.stop()));
  }
}

/** A place that the prediction does not name may still see the packet, as it was sent. */
function flowsOfAll({ packet: { family, src, dst, protocol, dport } }: Path): Flow[] {
  return [{ family, src, dst, protocol, ...(dport === undefined ? {} : { dport }) }];
}

// A packet may still be between two namespaces when its sender is told that it was sent: reading goes on until the
// prediction is fulfilled, or until two rounds through all namespaces brought nothing new.
async function settle(running: readonly LiveTrace[], path: Path, timeout: number): Promise<PlaceTrace[]> {
  const observed = (): PlaceTrace[] => running.map((trace) => trace.observed());
  const total = (): number => running.reduce((sum, trace) => sum + trace.count, 0);
  for (let quiet = 0, before = -1; quiet < 2; ) {
    await Promise.all(running.map((trace) => trace.flush(timeout)));
    if (alignTrace(path, observed()).agrees) break;
    quiet = total() === before ? quiet + 1 : 0;
    before = total();
  }
  return observed();
}
