import { imageReference } from "../runtime/image";
import type { NodePod } from "./pod";
import type { PodPlan } from "./pod-spec";
import { POD_BRIDGE, vethName } from "./wiring";

const display = Symbol.for("Jupyter.display");

/** A pod that is only described. It has a name and a plan, but no address: that comes with its namespace. */
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

  /** Starts it. See {@link Node.pod}. */
  start(): Promise<NodePod> {
    return this.#start();
  }

  /** What starting it does, as one would type it. */
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
