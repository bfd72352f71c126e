import type { Measure } from "./measure";
import { benchParse, SIZES } from "./parse";
import { benchPictures } from "./pictures";
import { benchTrace } from "./trace";

/** Parses rule sets. Compared with iptables-restore. */
export function* parse(): Iterable<Measure> {
  for (const [index, size] of SIZES.entries()) {
    const { lines, ours, iptables, kept } = benchParse(size);
    const peer = iptables === undefined ? {} : { peer: { name: "iptables-restore --test", value: iptables } };
    const limit = index === 0 || iptables ? 1 : 2_500;
    yield { name: `parse ${lines} lines`, value: ours, unit: "ms", ...peer, limit };
    yield { name: `memory kept for ${lines} lines`, value: kept, unit: "MB", limit: 1_000 };
  }
}

/** Traces a packet through a rule set of 10,000 services. */
export function* trace(): Iterable<Measure> {
  const { lines, firstMs, firstOfServiceMs, perPacketMs, limitMs } = benchTrace();
  yield { name: `first packet on ${lines} lines`, value: firstMs, unit: "ms" };
  yield { name: "first packet of a service", value: firstOfServiceMs, unit: "ms" };
  yield { name: "each later packet, full path", value: perPacketMs, unit: "ms", limit: limitMs };
}

/** Draws pictures of a long journey, from the path to the finished specification. */
export function* pictures(): Iterable<Measure> {
  const { traversalMs, ladderMs, kilobytes } = benchPictures();
  yield { name: "traversal of five hops, 400 rules each", value: traversalMs, unit: "ms", limit: 10 };
  yield { name: "size of its specification", value: kilobytes, unit: "kB", limit: 200 };
  yield { name: "ladder of the same journey", value: ladderMs, unit: "ms", limit: 10 };
}
