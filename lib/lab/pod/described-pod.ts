import { display } from "../../display";
import { POD_BRIDGE, vethName } from "../node/wiring";
import { imageReference } from "../runtime/image";
import type { NodePod } from "./node-pod";
import type { PodPlan } from "./spec/node-pod-spec";

/**
 * A pod that was described but not started. It has a name and a plan, but no address: a pod gets its address when it
 * starts. As a cell's value it shows the commands that would start it.
 *
 * @example
 * import { Lab } from "wirebook";
 * const lab = await Lab.open("described-example");
 * const node = await lab.node("node1");
 * const described = node.describe("web", { image: "web" });
 * console.log(described.shell.join("\n"));
 * await lab.close();
 */
export class DescribedPod {
  readonly name: string;
  /** Name of the node on which it would start. */
  readonly node: string;
  readonly plan: PodPlan;
  readonly #start: () => Promise<NodePod>;

  constructor(node: string, plan: PodPlan, start: () => Promise<NodePod>) {
    this.name = plan.name;
    this.node = node;
    this.plan = plan;
    this.#start = start;
  }

  /** Starts the pod. See {@link Node.pod}. */
  start(): Promise<NodePod> {
    return this.#start();
  }

  /** The shell commands that would start the pod. */
  get shell(): readonly string[] {
    const { name, node } = this;
    const veth = vethName(name);
    const apps = Object.entries(this.plan.pod.apps ?? {}).map(([app, spec]) => {
      const command = spec.command === undefined ? "" : ` ${spec.command.join(" ")}`;
      return `docker run -d --name ${name}.${app} --network container:${name} ${imageReference(spec.image ?? "base")}${command}`;
    });
    return [
      `docker run -d --name ${name} --network none ${imageReference("pause")}`,
      `ip link add ${veth} netns ${node} type veth peer name eth0 netns ${name}`,
      `ip -n ${node} link set ${veth} master ${POD_BRIDGE} up`,
      `ip -n ${name} addr add ${this.plan.address ?? "ADDRESS"} dev eth0; ip -n ${name} link set eth0 up`,
      `ip -n ${name} route add default via GATEWAY`,
      ...apps,
    ];
  }

  toString(): string {
    return this.shell.join("\n");
  }

  [display](): Readonly<Record<string, string>> {
    return { "text/plain": this.toString() };
  }
}
