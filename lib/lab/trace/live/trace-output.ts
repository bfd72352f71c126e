import { LabError } from "../../../engine";
import {
  OWN_TABLE,
  type OwnTables,
  REPORTED_LEAST,
  SENTINEL_ADDRESS,
} from "../../../netfilter/trace/own-table";
import type { TraceEvent } from "../../../netfilter/trace/read/event";
import { LoadedRules } from "../../../netfilter/trace/read/loaded";
import { TraceReader } from "../../../netfilter/trace/read/reader";
import { SightingCollector, type Sightings } from "../../../netfilter/trace/sighting";

const LINK_FAMILIES: ReadonlySet<string> = new Set(["netdev", "bridge", "arp"]);

/** Reads the output of {@link traceScript}: the rules of the namespace, then the events. */
export class TraceOutput {
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
