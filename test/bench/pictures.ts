import { ladderPicture, traversalPicture } from "../../lib/chart";
import { longJourney } from "../pictures/paths";

/** The results of one measurement: the best of several rounds, because V8 compiles the code during the first ones. */
export interface PictureBench {
  readonly traversalMs: number;
  readonly ladderMs: number;
  /** Size of the specification as JSON. */
  readonly kilobytes: number;
}

const HOPS = 5;
/** Rules at each hop that do not match. */
const RULES = 400;
const ROUNDS = 60;

function best(draw: () => unknown): number {
  return Math.min(
    ...Array.from({ length: ROUNDS }, () => {
      const begun = performance.now();
      draw();
      return performance.now() - begun;
    }),
  );
}

/** Builds the specifications of two pictures of one path: five hops with hundreds of rules each. */
export function benchPictures(): PictureBench {
  const path = longJourney(HOPS, RULES);
  const { spec } = traversalPicture(path);
  return {
    traversalMs: best(() => traversalPicture(path).spec),
    ladderMs: best(() => ladderPicture(path).spec),
    kilobytes: JSON.stringify(spec).length / 1000,
  };
}
