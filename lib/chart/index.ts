export { display } from "../display";
export { ladderPicture } from "./ladder";
export {
  serviceOf,
  servicePicture,
} from "./service";

export { traversalPicture } from "./traversal";
