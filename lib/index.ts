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
export { DockerHost, type DockerHostSpec } from "./lab/docker/docker-host";
export { HostContainer } from "./lab/docker/host-container";
export type { Failure, RuleAt } from "./lab/failure/failure";
export type { Failures } from "./lab/failure/failures";
export { Lab } from "./lab/lab";
export type { LabOptions } from "./lab/lab-options";
export { Bridge, LabLink } from "./lab/link/link";
export type { Netns, NetnsSpec } from "./lab/link/netns";
export type { TapCable, TapEnd } from "./lab/link/tap";
export { Veth, type VethEnd } from "./lab/link/veth";
export { Cluster, type ClusterOptions } from "./lab/node/cluster";
export { Node } from "./lab/node/node";
export type { NodeSpec } from "./lab/node/node-spec";
export { Outside } from "./lab/outside";
export { Command, CommandResult } from "./lab/place/command";
export type { Page, Peer } from "./lab/place/page";
export type { Place, PlaceKind } from "./lab/place/place";
export { DescribedPod } from "./lab/pod/described-pod";
export type { App, Pod, PodLocation, PodSpec } from "./lab/pod/pod";
export type { RestartPolicy } from "./lab/pod/spec/node-pod-spec";
export type { Readiness } from "./lab/pod/spec/readiness";
export { Connections } from "./lab/proxy/connections";
export type { ProxiedRequest } from "./lab/proxy/log";
export { ForwardProxy, ReverseProxy } from "./lab/proxy/proxy";
export type * from "./lab/proxy/spec";
export type { ServerState } from "./lab/proxy/state";
export type { RuleChange } from "./lab/service/controller";
export type { DiagnosisCheck } from "./lab/service/diagnosis/check";
export { Diagnosis } from "./lab/service/diagnosis/diagnosis";
export { Service, type ServiceEndpoint } from "./lab/service/service";
export type { ServiceSpec } from "./lab/service/spec";
export type { LabDiff } from "./lab/topology/diff";
export type { Arrival, Refusal, SeenAt } from "./lab/trace/arrival";
export type { Capture, Captured, CapturedRow, Sighting } from "./lab/trace/capture";
export type { HostObservation } from "./lab/trace/host-counters";
export type { JourneyPicture } from "./lab/trace/journey-picture";
export type { Observation } from "./lab/trace/observation";
export { PacketPath } from "./lab/trace/packet-path";
export type { TraceRequest } from "./lab/trace/trace-request";
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
