export * from "./align";
export { OWN_TABLE } from "./own-table";
export * from "./read/event";
export * from "./read/loaded";
export * from "./read/packets";
export * from "./read/reader";
export type { Seen, SightingPoint, Sightings } from "./sighting";
