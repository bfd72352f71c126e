/** An exact probability as a fraction. 1/1 if no random condition was evaluated. */
export interface Probability {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Reduces a fraction. */
export function reduced(numerator: bigint, denominator: bigint): Probability {
  let [divisor, rest] = [numerator, denominator];
  while (rest !== 0n) [divisor, rest] = [rest, divisor % rest];
  return divisor === 0n
    ? { numerator, denominator }
    : { numerator: numerator / divisor, denominator: denominator / divisor };
}

/** Multiplies two probabilities. */
export function multiply(a: Probability, b: Probability): Probability {
  return reduced(a.numerator * b.numerator, a.denominator * b.denominator);
}
