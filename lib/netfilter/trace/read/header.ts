import type { TraceHeader } from "./event";

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Creates a header without the undefined fields. */
export function makeHeader(found: Loose<TraceHeader> & Pick<TraceHeader, "family">): TraceHeader {
  return {
    family: found.family,
    ...(found.in === undefined ? {} : { in: found.in }),
    ...(found.out === undefined ? {} : { out: found.out }),
    ...(found.macDst === undefined ? {} : { macDst: found.macDst }),
    ...(found.src === undefined ? {} : { src: found.src }),
    ...(found.dst === undefined ? {} : { dst: found.dst }),
    ...(found.protocol === undefined ? {} : { protocol: found.protocol }),
    ...(found.sport === undefined ? {} : { sport: found.sport }),
    ...(found.dport === undefined ? {} : { dport: found.dport }),
    ...(found.flags === undefined ? {} : { flags: found.flags }),
    ...(found.icmp === undefined ? {} : { icmp: found.icmp }),
    ...(found.ttl === undefined ? {} : { ttl: found.ttl }),
    ...(found.length === undefined ? {} : { length: found.length }),
    ...(found.ipId === undefined ? {} : { ipId: found.ipId }),
    ...(found.mark === undefined ? {} : { mark: found.mark }),
  };
}

/** Parses a decimal or 0x-hexadecimal number. Undefined for other text. */
export function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^(?:\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : undefined;
}
