export * from "./align";
export * from "./event";
export { type ExpectedEvent, type ExpectedPass, expectedPasses } from "./expect";
export * from "./loaded";
export { type Flow, flowOf, flowsAt, OWN_TABLE } from "./own-table";
export * from "./packets";
export * from "./reader";
export type { DroppedByRule, Seen, Sighting, SightingPoint, Sightings } from "./sighting";
