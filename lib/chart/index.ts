export { type Change, type ChangeKind, type Diff, diffPicture, type PlaceDiff } from "./diff";
export { display, type MimeBundle, type Picture } from "./picture";
export { topologyPicture } from "./topology";
export type { World, WorldContainer, WorldPair, WorldPlace } from "./topology/world";
export { type TraversalOptions, traversalPicture, type Witness } from "./traversal";
