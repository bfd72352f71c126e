import type { Probability } from "../../netfilter/model";

export function shareOf({ numerator, denominator }: Probability): number {
  return Number((numerator * 1_000_000_000n) / denominator) / 1_000_000_000;
}

export interface Fairness {
  readonly chiSquare: number;
  readonly degrees: number;
  /** Probability of a difference at least this large if the choice follows the rules' probabilities. */
  readonly p: number;
}

/** Pearson's chi-squared test of counted connections against the rules' probabilities; undefined without counts. */
export function fairness(
  cells: readonly { readonly probability: Probability; readonly counted: number }[],
): Fairness | undefined {
  const total = cells.reduce((sum, cell) => sum + cell.counted, 0);
  const real = cells.filter((cell) => cell.probability.numerator > 0n);
  if (total === 0 || real.length < 2) return undefined;
  let chiSquare = 0;
  for (const { probability, counted } of real) {
    const expected = shareOf(probability) * total;
    chiSquare += (counted - expected) ** 2 / expected;
  }
  const degrees = real.length - 1;
  return { chiSquare, degrees, p: 1 - lowerGamma(degrees / 2, chiSquare / 2) };
}

/** The regularised lower incomplete gamma function: a series, or Lentz's continued fraction for large x. */
function lowerGamma(a: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(-x + a * Math.log(x) - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 500 && Math.abs(term) > Math.abs(sum) * 1e-12; n += 1) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.min(1, sum * front);
  }
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 500; n += 1) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (Math.abs(an * d + b) < tiny ? tiny : an * d + b);
    c = Math.abs(b + an / c) < tiny ? tiny : b + an / c;
    const delta = d * c;
    h *= delta;
    if (Math.abs(delta - 1) < 1e-12) break;
  }
  return Math.max(0, 1 - front * h);
}

/** Stirling's series, after raising the argument above 8 by recurrence. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 8) {
    shift -= Math.log(at);
    at += 1;
  }
  const inverse = 1 / (at * at);
  const series = (1 / 12 - inverse * (1 / 360 - inverse / 1260)) / at;
  return shift + (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series;
}
