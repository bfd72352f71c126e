import { ladderPicture, traversalPicture } from "../../lib/chart";
import { longJourney } from "../pictures/paths";

/** What one measurement gave: the best of some rounds, as the first ones are compiled while they run. */
export interface PictureBench {
  readonly traversalMs: number;
  readonly ladderMs: number;
  /** Size of the specification as JSON. */
  readonly kilobytes: number;
}

const HOPS = 5;
/** Rules tried in vain at each hop. */
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

/** From a path to the finished specification of its picture: five hops, hundreds of rules at each. */
export function benchPictures(): PictureBench {
  const path = longJourney(HOPS, RULES);
  const { spec } = traversalPicture(path);
  return {
    traversalMs: best(() => traversalPicture(path).spec),
    ladderMs: best(() => ladderPicture(path).spec),
    kilobytes: JSON.stringify(spec).length / 1000,
  };
}
