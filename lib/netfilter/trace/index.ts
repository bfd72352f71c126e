export * from "./align";
export * from "./event";

export * from "./loaded";
export { OWN_TABLE } from "./own-table";
export * from "./packets";
export * from "./reader";
export type { Seen, SightingPoint, Sightings } from "./sighting";
