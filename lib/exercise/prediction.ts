import { display } from "../display";

/** A MIME bundle of text: markdown for a notebook, plain text for a terminal. */
interface TextBundle {
  readonly "text/markdown": string;
  readonly "text/plain": string;
}

/**
 * The result of comparing a prediction with the observation.
 *
 * @example
 * import { type Comparison, predict } from "wirebook";
 * const result: Comparison = predict("Is the packet dropped?", true).compare(true);
 * console.log(result.right, result.observed); // true yes
 */
export interface Comparison {
  readonly question: string;
  readonly predicted: string;
  readonly observed: string;
  readonly right: boolean;
  [display](): TextBundle;
}

/**
 * A prediction made before the experiment.
 *
 * @example
 * import { type Prediction, predict } from "wirebook";
 * const guess: Prediction = predict("How many rules are evaluated?", 3);
 * console.log(guess.question, guess.answer);
 */
export interface Prediction {
  readonly question: string;
  readonly answer: string;
  /**
   * Compares the prediction with the observation.
   *
   * @param observed - the observed value. Compared as text, ignoring case and surrounding white space.
   * @param why - one sentence that explains the observation; shown in either case. Default: none.
   */
  compare(observed: string | number | boolean, why?: string): Comparison;
  [display](): TextBundle;
}

/**
 * Records a prediction, to be compared with the observation later.
 *
 * @param question - what will happen?
 * @param answer - your answer: a word, an address, a number, yes or no (true or false).
 * @example
 * import { predict } from "wirebook";
 * const guess = predict("Which client does the outside see?", "172.17.0.2");
 * guess.compare("172.30.0.11", "the host replaced the source address");
 */
export function predict(question: string, answer: string | number | boolean): Prediction {
  const written = spoken(answer);
  return {
    question,
    answer: written,
    compare: (observed, why) => comparison(question, written, spoken(observed), why),
    [display]: () => ({
      "text/markdown": `**${question}** My prediction: \`${written}\``,
      "text/plain": `${question} My prediction: ${written}`,
    }),
  };
}

function comparison(question: string, predicted: string, observed: string, why?: string): Comparison {
  const right = normal(predicted) === normal(observed);
  const verdict = right ? "✓ As predicted" : "✕ Not as predicted";
  const reason = why === undefined ? "" : ` ${why}`;
  return {
    question,
    predicted,
    observed,
    right,
    [display]: () => ({
      "text/markdown": `**${question}**\n\n| predicted | observed |\n| --- | --- |\n| \`${predicted}\` | \`${observed}\` |\n\n**${verdict}.**${reason}`,
      "text/plain": `${question}\n  predicted: ${predicted}\n  observed:  ${observed}\n${verdict}.${reason}`,
    }),
  };
}

function spoken(value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

function normal(text: string): string {
  return text.trim().toLowerCase();
}
