export { ladderPicture } from "./ladder";
export { display } from "./picture";
export {
  serviceOf,
  servicePicture,
} from "./service";

export { traversalPicture } from "./traversal";
