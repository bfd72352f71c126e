export { display, type MimeBundle, type Picture } from "./picture";
export { type TraversalOptions, traversalPicture, type Witness } from "./traversal";
