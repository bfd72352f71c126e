const GOLDEN = 0xdeadbeef;

const rotate = (value: number, by: number): number => ((value << by) | (value >>> (32 - by))) >>> 0;
const minus = (a: number, b: number): number => (a - b) >>> 0;
const plus = (a: number, b: number): number => (a + b) >>> 0;

/** Bob Jenkins' hash of 32-bit words as implemented by the kernel (include/linux/jhash.h, jhash2). */
export function jhash2(words: readonly number[], init: number): number {
  let left = words.length;
  let a = plus(plus(GOLDEN, left * 4), init >>> 0);
  let b = a;
  let c = a;
  let at = 0;
  while (left > 3) {
    a = plus(a, words[at] ?? 0);
    b = plus(b, words[at + 1] ?? 0);
    c = plus(c, words[at + 2] ?? 0);
    [a, b, c] = mix(a, b, c);
    left -= 3;
    at += 3;
  }
  if (left === 0) return c;
  if (left >= 3) c = plus(c, words[at + 2] ?? 0);
  if (left >= 2) b = plus(b, words[at + 1] ?? 0);
  a = plus(a, words[at] ?? 0);
  return final(a, b, c);
}

function mix(a: number, b: number, c: number): [number, number, number] {
  a = (minus(a, c) ^ rotate(c, 4)) >>> 0;
  c = plus(c, b);
  b = (minus(b, a) ^ rotate(a, 6)) >>> 0;
  a = plus(a, c);
  c = (minus(c, b) ^ rotate(b, 8)) >>> 0;
  b = plus(b, a);
  a = (minus(a, c) ^ rotate(c, 16)) >>> 0;
  c = plus(c, b);
  b = (minus(b, a) ^ rotate(a, 19)) >>> 0;
  a = plus(a, c);
  c = (minus(c, b) ^ rotate(b, 4)) >>> 0;
  b = plus(b, a);
  return [a, b, c];
}

function final(a: number, b: number, c: number): number {
  c = minus((c ^ b) >>> 0, rotate(b, 14));
  a = minus((a ^ c) >>> 0, rotate(c, 11));
  b = minus((b ^ a) >>> 0, rotate(a, 25));
  c = minus((c ^ b) >>> 0, rotate(b, 16));
  a = minus((a ^ c) >>> 0, rotate(c, 4));
  b = minus((b ^ a) >>> 0, rotate(a, 14));
  return minus((c ^ b) >>> 0, rotate(b, 24));
}

/** Scales a 32-bit hash to the range 0 … size-1 (include/linux/kernel.h, reciprocal_scale). */
export function reciprocalScale(hash: number, size: number): number {
  return Number((BigInt(hash >>> 0) * BigInt(size >>> 0)) >> 32n);
}

/** Swaps the bytes of a word. On little-endian machines (x86, arm64) the kernel hashes network-order words this way. */
export function swapped(word: number): number {
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
