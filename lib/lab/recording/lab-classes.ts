import { DockerHost } from "../docker/docker-host";
import { HostContainer } from "../docker/host-container";
import { Failures } from "../failure/failures";
import { Bridge, LabLink } from "../link/link";
import { Netns } from "../link/netns";
import { TapCable } from "../link/tap";
import { Veth } from "../link/veth";
import { Cluster } from "../node/cluster";
import { Node } from "../node/node";
import { ContainerPlace } from "../place/place";
import { DescribedPod } from "../pod/described-pod";
import { NetworkPod } from "../pod/network-pod";
import { NodeApp } from "../pod/node-app";
import { NodePod } from "../pod/node-pod";
import { PodApp } from "../pod/pod-app";
import { ForwardProxy, ReverseProxy } from "../proxy/proxy";
import { ServiceController } from "../service/controller";
import { Service } from "../service/service";
import { EngineMachine } from "../topology/engine-machine";
import { Capture } from "../trace/capture";
import type { LiveClass } from "./recorded-classes";

/**
 * The classes of the live objects of a lab, by their names in recordings, except `Lab` itself and `Outside`, which lab.ts
 * adds. If you rename a class, keep its name here: recordings that exist use it.
 */
export const labClasses: Readonly<Record<string, LiveClass>> = {
  ContainerPlace,
  Host: EngineMachine,
  DockerHost,
  HostContainer,
  Node,
  NodePod,
  NodeApp,
  Pod: NetworkPod,
  App: PodApp,
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
};
