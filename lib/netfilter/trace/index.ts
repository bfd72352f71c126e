export * from "./align";
export * from "./event";
export { type ExpectedEvent, type ExpectedPass, expectedPasses } from "./expect";
export * from "./loaded";
export { OWN_TABLE } from "./own-table";
export * from "./packets";
export * from "./reader";
