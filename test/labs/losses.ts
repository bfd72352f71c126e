import type { Lab } from "../../lib/lab/lab";
import type { Node } from "../../lib/lab/node/node";
import type { ContainerPlace } from "../../lib/lab/place/place";
import type { NodePod } from "../../lib/lab/pod/node-pod";

/** A client and a server on one node, and a server on another. Tests make the network between them lose packets. */
export class Losses {
  private constructor(
    readonly node1: Node,
    readonly node2: Node,
    readonly client: NodePod,
    readonly near: NodePod,
    readonly far: NodePod,
    readonly outside: Lab["outside"],
    /** The ports of node1's bridge that lead to client and near. */
    readonly ports: readonly string[],
    readonly farPort: string,
    readonly farBridge: string,
  ) {}

  static async build(lab: Lab): Promise<Losses> {
    const [node1, node2] = await Promise.all([lab.node("node1"), lab.node("node2")]);
    const [client, near, far] = await Promise.all([
      node1.pod("client"),
      node1.pod("near", { image: "web" }),
      node2.pod("far", { image: "web" }),
    ]);
    const [ports1, ports2] = await Promise.all([portsOf(node1), portsOf(node2)]);
    const [farPort] = ports2;
    // Fills the neighbour tables, so that a test loses the traced packet and not an ARP request.
    for (const { address } of [near, far]) await client.sh`ping -c1 -W2 ${address}`;
    if (farPort === undefined) throw new Error("node2 has no port");
    return new Losses(
      ...([node1, node2, client, near, far, lab.outside] as const),
      ports1.map(({ name }) => name),
      farPort.name,
      farPort.bridge,
    );
  }

  /** Runs a script as root in a place's netns and returns its output. Throws if the script fails. */
  async run(place: ContainerPlace, script: string): Promise<string> {
    const { shell } = await place.netnsHandle();
    const { stdout, stderr, exitCode } = await shell.run(script);
    if (exitCode !== 0) throw new Error(`${place.name}: exit code ${exitCode} of ${script}\n${stderr}`);
    return stdout;
  }
}

async function portsOf(node: Node): Promise<{ name: string; bridge: string }[]> {
  const { links } = await node.snapshot();
  return links.flatMap(({ name, master }) => (master === undefined ? [] : [{ name, bridge: master }]));
}
