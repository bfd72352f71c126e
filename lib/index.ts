export type { MimeBundle, Picture } from "./chart/picture";
export { type CommandRecord, Engine, LabError, type LabErrorCode } from "./engine";
export { type Change, type Diff, diffSnapshots } from "./inspect/diff";
export type * from "./inspect/snapshot";
export { Command, CommandResult } from "./lab/command";
export { DockerHost, HostContainer } from "./lab/dockerhost";
export { Lab, type LabOptions, Outside } from "./lab/lab";
export type { Place, PlaceKind } from "./lab/place";
export { App, Pod, type PodSpec } from "./lab/pod";
