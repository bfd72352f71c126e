export { diffPicture } from "./chart/diff";
export { ladderPicture } from "./chart/ladder";
export type { MimeBundle, Picture } from "./chart/picture";
export { topologyPicture } from "./chart/topology";
export { traversalPicture } from "./chart/traversal";
export { type CommandRecord, Engine, LabError, type LabErrorCode } from "./engine";
export { type Comparison, type Prediction, predict } from "./exercise/prediction";
export { inspectNamespace } from "./inspect/collect";
export { type Change, type Diff, diffSnapshots } from "./inspect/diff";
export { findPairs, type Pair } from "./inspect/pairs";
export type * from "./inspect/snapshot";
export type { Arrival, Refusal, SeenAt } from "./lab/arrival";
export type { Capture, Captured, CapturedRow, Sighting } from "./lab/capture";
export { Command, CommandResult } from "./lab/command";
export type { LabDiff } from "./lab/diff";
export { DockerHost, HostContainer } from "./lab/dockerhost";
export type { DrawnJourney } from "./lab/drawn-journey";
export type { Failure, Failures, RuleAt } from "./lab/failure";
export type { HostObservation } from "./lab/host-witness";
export { Lab, type LabOptions, Outside } from "./lab/lab";
export { Bridge, LabLink } from "./lab/link";
export type { Netns, NetnsSpec } from "./lab/netns";
export { NodeApp } from "./lab/node/app";
export { Cluster, type ClusterOptions } from "./lab/node/cluster";
export { DescribedPod } from "./lab/node/described";
export { Node, type NodeSpec } from "./lab/node/node";
export { NodePod } from "./lab/node/pod";
export type { NodePodSpec, RestartPolicy } from "./lab/node/pod-spec";
export type { Readiness } from "./lab/node/readiness";
export type { Observation } from "./lab/observation";
export type { Page, Peer } from "./lab/page";
export type { Place, PlaceKind } from "./lab/place";
export { App, Pod, type PodSpec } from "./lab/pod";
export { Connections } from "./lab/proxy/connections";
export type { ProxiedRequest } from "./lab/proxy/log";
export { ForwardProxy, ReverseProxy } from "./lab/proxy/proxy";
export type * from "./lab/proxy/spec";
export type { ServerState } from "./lab/proxy/state";
export type { RuleChange } from "./lab/service/controller";
export { Diagnosis, type Rung } from "./lab/service/diagnosis";
export { Service, type ServiceEndpoint } from "./lab/service/service";
export type { ServiceSpec } from "./lab/service/spec";
export type { TapCable, TapEnd } from "./lab/tap";
export { PacketPath, type TraceRequest } from "./lab/trace";
export { Veth, type VethEnd } from "./lab/veth";
export {
  compareRulesets,
  converse,
  deadRules,
  describeAction,
  describeMatch,
  describeRule,
  type Family,
  type Host,
  hostOf,
  type Journey,
  journey,
  type Outcome,
  type Packet,
  type Path,
  parseDump,
  parseRuleset,
  printRuleset,
  type Rule,
  type Ruleset,
  recognise,
  replyTo,
  rulesUsed,
  type Step,
  traverse,
  type Verdict,
  warningsOf,
  why,
  worldOf,
} from "./netfilter";
