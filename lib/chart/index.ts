export { type AddressesOptions, type AddressRange, addressesPicture } from "./addresses";
export {
  type Connection,
  type ConnectionsView,
  connectionsPicture,
  type HeaderLine,
  type SocketEnd,
} from "./connections";
export { type Change, type ChangeKind, type Diff, diffPicture, type PlaceDiff } from "./diff";
export { type LadderOptions, ladderPicture } from "./ladder";
export { display, type MimeBundle, type Picture } from "./picture";
export {
  type ServiceChain,
  type ServiceEndpoint,
  type ServiceOfOptions,
  type ServiceView,
  serviceOf,
  servicePicture,
} from "./service";
export { topologyPicture } from "./topology";
export type { World, WorldContainer, WorldPair, WorldPlace } from "./topology/world";
export { type KernelReport, type TraversalOptions, traversalPicture } from "./traversal";
