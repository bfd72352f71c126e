import { display } from "../display";
import { type Answer, type AnswerOptions, sameAnswer } from "./answer";

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
   * @param observed - the observed value. Compared by meaning; see {@link sameAnswer}.
   * @param why - one sentence that explains the observation; shown in either case. Default: none.
   */
  compare(observed: Answer, why?: string): Comparison;
  [display](): TextBundle;
}

/**
 * Records a prediction, to be compared with the observation later.
 *
 * @param question - what will happen?
 * @param answer - your answer: a word, an address, a number, a list, yes or no (true or false).
 * @param options.ordered - whether the order of a list matters. Default: false.
 * @example
 * import { predict } from "wirebook";
 * const guess = predict("Which client does the outside see?", "172.17.0.2");
 * guess.compare("172.30.0.11", "the host replaced the source address");
 */
export function predict(question: string, answer: Answer, options: AnswerOptions = {}): Prediction {
  const predicted = text(answer);
  return {
    question,
    answer: predicted,
    compare: (observed, why) =>
      comparison(
        { question, predicted, observed: text(observed) },
        sameAnswer(answer, observed, options),
        why,
      ),
    [display]: () => ({
      "text/markdown": `**${question}** My prediction: \`${predicted}\``,
      "text/plain": `${question} My prediction: ${predicted}`,
    }),
  };
}

function comparison(
  { question, predicted, observed }: { question: string; predicted: string; observed: string },
  right: boolean,
  why?: string,
): Comparison {
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

function text(value: Answer): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}
