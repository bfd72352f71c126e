import type { Traversal } from "../../../netfilter/model";
import { alignTrace, type PlaceTrace } from "../../../netfilter/trace/align";
import { type Flow, flowsAt } from "../../../netfilter/trace/own-table";
import { withoutUndefined } from "../../../without-undefined";
import { LiveTrace, type Traceable } from "./live-trace";

/**
 * How many traces start or stop at the same time. Each runs several programs in its namespace, and has a timeout of its
 * own: with a hundred at once, all would be late.
 */
const CONCURRENT_STARTS = 8;

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
    await concurrently(namespaces, CONCURRENT_STARTS, async (namespace) => {
      const flows = flowsAt(namespace.place, traversal, anyPort);
      running.push(
        await LiveTrace.start(namespace, flows.length > 0 ? flows : flowsOfAll(traversal), timeoutMs),
      );
    });
    const patience = performance.now() + patienceMs;
    const result = await send();
    const traces = await settle(running, (seen) => complete(seen, result), { patience, timeoutMs });
    return { result, traces };
  } finally {
    await concurrently(running, CONCURRENT_STARTS, (trace) => trace.stop());
  }
}

/** Runs `action` for each item, at most `limit` at a time. Waits for all that have begun before it rethrows a failure. */
async function concurrently<T>(
  items: readonly T[],
  limit: number,
  action: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined && !failed; item = left.shift())
      await action(item).catch((error: unknown) => {
        failed = true;
        throw error;
      });
  };
  const lanes = await Promise.allSettled(Array.from({ length: limit }, lane));
  for (const each of lanes) if (each.status === "rejected") throw each.reason;
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
