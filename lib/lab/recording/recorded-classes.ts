import { DockerHost, HostContainer } from "../docker/docker-host";
import { App, Pod } from "../docker/pod";
import { Failures } from "../failure";
import { Lab, Outside } from "../lab";
import { Bridge, LabLink } from "../link/link";
import { Netns } from "../link/netns";
import { TapCable } from "../link/tap";
import { Veth } from "../link/veth";
import { NodeApp } from "../node/app";
import { Cluster } from "../node/cluster";
import { DescribedPod } from "../node/described";
import { Node } from "../node/node";
import { NodePod } from "../node/pod";
import { ContainerPlace } from "../place/place";
import { ForwardProxy, ReverseProxy } from "../proxy/proxy";
import { ServiceController } from "../service/controller";
import { Service } from "../service/service";
import { Host } from "../topology/host";
import { Capture } from "../trace/capture";

/** What a class of objects of a lab is, for a recording: what it is asked is written down each time. */
export interface RecordedClass {
  readonly name: string;
  readonly prototype: object;
}

/**
 * Every class of live objects. A function, since the lab's own module imports this one.
 */
export function recordedClasses(): readonly RecordedClass[] {
  return [
    Lab,
    Outside,
    ContainerPlace,
    Host,
    DockerHost,
    HostContainer,
    Node,
    NodePod,
    NodeApp,
    Pod,
    App,
    Netns,
    LabLink,
    Bridge,
    Veth,
    TapCable,
    Capture,
    Failures,
    ForwardProxy,
    ReverseProxy,
    Cluster,
    Service,
    ServiceController,
    DescribedPod,
  ];
}

/** What a lab stands on. A recording has none of it. */
export const unrecordedMembers: ReadonlySet<string> = new Set(["context", "engine", "engines", "inner"]);

/** Getters that make something when they are read: they are not read unasked. */
export const lazyGetters: ReadonlySet<string> = new Set(["cluster"]);

/** The class of a live object; undefined for every other object. */
export function recordedClassOf(value: object): RecordedClass | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  return recordedClasses().find((each) => each.prototype === prototype);
}

/** True for a plain object with methods of its own: a failure and its undo. */
export function hasMethods(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).some((each) => typeof each === "function");
}

/** The property of an object or of what it inherits from, without reading it. */
export function member(object: object, name: string | symbol): PropertyDescriptor | undefined {
  for (
    let at: object | null = object;
    at !== null && at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found) return found;
  }
  return undefined;
}
