import { benchDead } from "./dead";
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

/** Looks for dead rules in a long chain. The limit is a tenth of the time that a comparison of all pairs took. */
export function* dead(): Iterable<Measure> {
  for (const { name, ms } of benchDead())
    yield { name: `dead rules among 5,000: ${name}`, value: ms, unit: "ms", limit: 2_700 };
}

/** Draws pictures of a long journey, from the path to the finished specification. */
export function* pictures(): Iterable<Measure> {
  const { traversalMs, ladderMs, kilobytes } = benchPictures();
  yield { name: "traversal of five hops, 400 rules each", value: traversalMs, unit: "ms", limit: 10 };
  yield { name: "size of its specification", value: kilobytes, unit: "kB", limit: 200 };
  yield { name: "ladder of the same journey", value: ladderMs, unit: "ms", limit: 10 };
}
