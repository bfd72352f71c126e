export { diffPicture } from "./chart/diff";
export { ladderPicture } from "./chart/ladder";
export type { MimeBundle, Picture } from "./chart/picture";
export { topologyPicture } from "./chart/topology";
export { traversalPicture } from "./chart/traversal";
export {
  type CommandRecord,
  Engine,
  type ExecOptions,
  type ExecResult,
  LabError,
  type LabErrorCode,
} from "./engine";
export { type Answer, type AnswerOptions, sameAnswer } from "./exercise/answer";
export { type Comparison, type Prediction, predict } from "./exercise/prediction";
export { inspectNamespace } from "./inspect/collect";
export { type Change, type Diff, diffSnapshots } from "./inspect/diff";
export { findPairs, type Pair } from "./inspect/pairs";
export type * from "./inspect/snapshot";
export { type World, type WorldPlace, worldOf } from "./inspect/world";
export { DockerHost, type DockerHostSpec, HostContainer } from "./lab/docker/docker-host";
export { App, Pod, type PodSpec } from "./lab/docker/pod";
export type { Failure, Failures, RuleAt } from "./lab/failure";
export { Lab, type LabOptions, Outside } from "./lab/lab";
export { Bridge, LabLink } from "./lab/link/link";
export type { Netns, NetnsSpec } from "./lab/link/netns";
export type { TapCable, TapEnd } from "./lab/link/tap";
export { Veth, type VethEnd } from "./lab/link/veth";
export { NodeApp } from "./lab/node/app";
export { Cluster, type ClusterOptions } from "./lab/node/cluster";
export { DescribedPod } from "./lab/node/described";
export { Node, type NodeSpec } from "./lab/node/node";
export { NodePod } from "./lab/node/pod";
export type { NodePodSpec, RestartPolicy } from "./lab/node/pod-spec";
export type { Readiness } from "./lab/node/readiness";
export { Command, CommandResult } from "./lab/place/command";
export type { Page, Peer } from "./lab/place/page";
export type { Place, PlaceKind } from "./lab/place/place";
export { Connections } from "./lab/proxy/connections";
export type { ProxiedRequest } from "./lab/proxy/log";
export { ForwardProxy, ReverseProxy } from "./lab/proxy/proxy";
export type * from "./lab/proxy/spec";
export type { ServerState } from "./lab/proxy/state";
export type { RuleChange } from "./lab/service/controller";
export { Diagnosis, type Rung } from "./lab/service/diagnosis/diagnosis";
export { Service, type ServiceEndpoint } from "./lab/service/service";
export type { ServiceSpec } from "./lab/service/spec";
export type { LabDiff } from "./lab/topology/diff";
export type { Arrival, Refusal, SeenAt } from "./lab/trace/arrival";
export type { Capture, Captured, CapturedRow, Sighting } from "./lab/trace/capture";
export type { HostObservation } from "./lab/trace/host-counters";
export type { JourneyPicture } from "./lab/trace/journey-picture";
export type { Observation } from "./lab/trace/observation";
export { PacketPath, type TraceRequest } from "./lab/trace/packet-path";
export {
  type BaseChain,
  compareRulesets,
  converse,
  deadRules,
  describeAction,
  describeMatch,
  describeRule,
  type Entry,
  type Family,
  type Host,
  hostOf,
  type IptablesVersion,
  type Journey,
  journey,
  type KernelState,
  LINUX,
  type Outcome,
  type Packet,
  type Problem,
  parseDump,
  parseRuleset,
  printRuleset,
  type Rule,
  RulesError,
  type Ruleset,
  recognise,
  replyTo,
  rulesUsed,
  type Semantics,
  type Step,
  type Traversal,
  type TraverseOptions,
  traverse,
  type Verdict,
  warningsOf,
  why,
} from "./netfilter";
