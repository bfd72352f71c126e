import { DockerHost, HostContainer } from "../docker/docker-host";
import { App, Pod } from "../docker/pod";
import { Failures } from "../failure";
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

import type { RecordedClass } from "./recorded-classes";

/** The classes of the live objects of a lab, except `Lab` itself and `Outside`, which lab.ts adds. */
export const labClasses: readonly RecordedClass[] = [
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
