import ipaddr from "ipaddr.js";
import { thousands } from "../sketch/shapes";

/** A named address range. Names are unique within a picture. */
export interface AddressRange {
  readonly name: string;
  /** `10.244.0.0/16`, `fd00:10:244::/56`. */
  readonly cidr: string;
  /** Its purpose, in one or two words: `pods`, `services`, `lab network`. */
  readonly kind: string;
  /** Name of the parent range. Ranges that share addresses without being parent and child are drawn as an error. */
  readonly within?: string;
  /** Number of addresses in use. Default: not shown. */
  readonly used?: number;
}

/** A range as numbers, with its child ranges. */
export interface Span {
  readonly range: AddressRange;
  readonly start: bigint;
  /** One past the last address. */
  readonly end: bigint;
  readonly bits: number;
  readonly children: readonly Span[];
}

/** Addresses that belong to two ranges. */
export interface Overlap {
  readonly a: Span;
  readonly b: Span;
  readonly start: bigint;
  readonly end: bigint;
}

export function spansOf(ranges: readonly AddressRange[]): readonly Span[] {
  const names = new Set(ranges.map((range) => range.name));
  const build = (range: AddressRange, above: readonly string[]): Span => {
    const [address, prefix] = ipaddr.parseCIDR(range.cidr);
    const bytes = address.toByteArray();
    const bits = bytes.length * 8;
    const value = bytes.reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n);
    const size = 1n << BigInt(bits - prefix);
    const start = value - (value % size);
    const children = ranges
      .filter((one) => one.within === range.name && !above.includes(one.name) && one.name !== range.name)
      .map((one) => build(one, [...above, range.name]))
      .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
    return { range, start, end: start + size, bits, children };
  };
  return ranges
    .filter((range) => range.within === undefined || !names.has(range.within))
    .map((range) => build(range, []));
}

/** Finds ranges that share addresses although neither is a child of the other, and children that exceed their parent. */
export function overlapsOf(roots: readonly Span[]): readonly Overlap[] {
  const all: { span: Span; path: readonly Span[] }[] = [];
  const walk = (span: Span, path: readonly Span[]) => {
    all.push({ span, path });
    for (const child of span.children) walk(child, [...path, span]);
  };
  for (const root of roots) walk(root, []);
  const found: Overlap[] = [];
  all.forEach(({ span: a, path: aboveA }, i) => {
    for (const { span: b, path: aboveB } of all.slice(i + 1)) {
      if (a.bits !== b.bits || aboveA.includes(b) || aboveB.includes(a)) continue;
      const start = most(a.start, b.start);
      const end = least(a.end, b.end);
      if (start < end) found.push({ a, b, start, end });
    }
  });
  // If two ranges overlap, their children often overlap as well. Report only the outermost pair, except for siblings
  // of the same parent.
  return found.filter(
    ({ a, b }) =>
      !found.some(
        (other) =>
          (other.a !== a && other.b === b && contains(other.a, a)) ||
          (other.b !== b && other.a === a && contains(other.b, b)),
      ),
  );
}

export function least(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}

export function most(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

function contains(outer: Span, inner: Span): boolean {
  return outer.children.some((child) => child === inner || contains(child, inner));
}

export function overlapText({ a, b, start, end }: Overlap): string {
  const shared = end - start;
  const many = shared === 1n ? "1 address" : `${grouped(shared)} addresses`;
  return `${a.range.name} ${a.range.cidr} and ${b.range.name} ${b.range.cidr} share ${many}`;
}

export function grouped(number: bigint): string {
  const digits = number.toString();
  return digits.length > 12 ? `2^${number.toString(2).length - 1}` : digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

export function sizeText(span: Span): string {
  const size = grouped(span.end - span.start);
  const used = span.range.used === undefined ? "" : `${thousands(span.range.used)} of `;
  return `${used}${size}`;
}

/** Returns the smallest aligned block that contains all children, at most the whole range. */
export function windowOf(span: Span): { start: bigint; end: bigint } {
  const first = span.children.reduce((sum, child) => least(sum, child.start), span.end);
  const last = span.children.reduce((sum, child) => most(sum, child.end), span.start);
  let size = 1n;
  for (;;) {
    const start = first - (first % size);
    if (start <= span.start && start + size >= span.end) return { start: span.start, end: span.end };
    if (start + size >= last) return { start: most(start, span.start), end: start + size };
    size <<= 1n;
  }
}

export function spanText(span: Span, depth: number): readonly string[] {
  const indent = "  ".repeat(depth);
  return [
    `${indent}${span.range.name}: ${span.range.cidr}, ${span.range.kind}, ${sizeText(span)} addresses`,
    ...span.children.flatMap((child) => spanText(child, depth + 1)),
  ];
}
