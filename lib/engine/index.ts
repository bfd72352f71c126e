export { type Cell, currentCell, inNotebook } from "./cell";
export type { CommandRecord } from "./command-log";
export { execDuplex } from "./connection/exec-duplex";
export { Engine } from "./engine";
export type { EngineInfo, SwarmNode } from "./engine-info";
export { errno } from "./errors/known-errors";
export { LabError, type LabErrorCode } from "./errors/lab-error";
export { type ExecOptions, type ExecResult, shellText } from "./exec/exec";
export type { Process, Sink } from "./exec/process";
export { Shell, type ShellAnswer } from "./exec/shell";
export { cgroupAdvice, cgroupRefusal, nestedEngine } from "./nested";
export { Reaper } from "./reaper";
export type { ContainerInfo, ContainerSpec, Publish } from "./resources/container";

export type { EngineEvent, Subscription } from "./resources/events";

export { type Labels, label, limitsRole } from "./resources/labels";
export type { NetworkInfo } from "./resources/networks";
export { checkPort } from "./resources/port";
