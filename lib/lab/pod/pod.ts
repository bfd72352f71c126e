import type { NetworkPod } from "./network-pod";
import type { NodeApp } from "./node-app";
import type { NodePod } from "./node-pod";
import type { PodApp } from "./pod-app";
import type { NetworkPodSpec } from "./spec/network-pod-spec";
import type { NodePodSpec } from "./spec/node-pod-spec";

/**
 * Where a pod runs. `network`: on a network of containers, that of the lab (`lab.pod`) or of a Docker host (`host.pod`).
 * `node`: on a node of the cluster (`node.pod`).
 *
 * @example
 * import type { Pod, PodLocation } from "wirebook";
 * const location = (pod: Pod): PodLocation => (pod.node === undefined ? "network" : "node");
 */
export type PodLocation = "network" | "node";

/**
 * A running pod: a pause container that owns the network namespace, and app containers that joined it. Commands run in
 * the first app.
 *
 * Pods on a node also have an address from the node's chunk, labels, readiness and a restart policy; `node` is the name
 * of the node. `node` of other pods is undefined.
 *
 * @typeParam On - where it runs. Default: either.
 * @example
 * import { Lab, type Pod } from "wirebook";
 * const lab = await Lab.open("pod-type-example");
 * const node = await lab.node("node1");
 * const pods: readonly Pod[] = [await lab.pod("client"), await node.pod("web", { image: "web" })];
 * console.log(pods.map(({ name, node, address }) => `${name}: ${node ?? "the lab's network"}, ${address}`));
 * const ready = (pod: Pod<"node">): boolean => pod.ready;
 * await lab.close();
 */
export type Pod<On extends PodLocation = PodLocation> = On extends "node" ? NodePod : NetworkPod;

/**
 * One app of a running pod: a container in the pod's network namespace. Apps of a pod on a node also have `running`,
 * `restarts` and `exitCode`.
 *
 * @typeParam On - where the pod runs. Default: either.
 * @example
 * import { type App, Lab } from "wirebook";
 * const lab = await Lab.open("app-type-example");
 * const pod = await lab.pod("web", { image: "web" });
 * const app: App = pod.app();
 * await app.kill();
 * await app.start();
 * console.log(await app.logs(5));
 * await lab.close();
 */
export type App<On extends PodLocation = PodLocation> = On extends "node" ? NodeApp : PodApp;

/**
 * Options of a pod: those of its only app, or `apps` for several apps by name. Pods on a node also have labels,
 * readiness and a restart policy; other pods can publish ports.
 *
 * @typeParam On - where the pod runs. Default: either.
 * @example
 * import type { PodSpec } from "wirebook";
 * // For lab.pod(name, spec) and host.pod(name, spec).
 * const shop: PodSpec<"network"> = { apps: { web: { image: "web" }, debug: {} }, publish: { 8080: 80 } };
 * // For node.pod(name, spec).
 * const web: PodSpec<"node"> = { image: "web", labels: { app: "web" }, readiness: { http: "/", port: 80 } };
 */
export type PodSpec<On extends PodLocation = PodLocation> = On extends "node" ? NodePodSpec : NetworkPodSpec;
