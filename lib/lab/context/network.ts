import { type Engine, LabError, type Labels, label, type NetworkInfo } from "../../engine";
import { addressAt, type Cidr, overlaps, parseCidr } from "../cidr/cidr";
import type { LabEngine, LabEngines } from "../runtime/engines";
import { chooseSubnet } from "./subnet";

/** The network on which all places of a lab meet: a bridge on one engine, an attachable overlay over several. */
export interface LabNetwork {
  readonly info: NetworkInfo;
  readonly subnet: Cidr;
  /** Addresses that the engines keep for themselves: an overlay has a load balancer on each. */
  readonly reserved: readonly string[];
}

/** Fewest addresses at the end of an overlay's range from which the engines take their load balancers'. */
const FEWEST_RESERVED = 8;

/** Longest prefix with which an overlay has addresses left for a lab. */
const LONGEST_PREFIX = 27;

/**
 * Makes a lab's network, on a range that nothing on the machines of all its engines uses.
 *
 * Shell: `docker network create --subnet …`; over several engines `docker network create --driver overlay --attachable
 * --internal --subnet … --ip-range …`. Internal: else each container would have a second link, to docker_gwbridge, and
 * with it a way out of the lab.
 *
 * @param wanted - the range. Default: one is chosen.
 * @throws LabError `SUBNET_TAKEN`, `CIDR_EXHAUSTED`, `BAD_ADDRESS`.
 */
export async function createLabNetwork(
  engines: LabEngines,
  lab: { readonly name: string; readonly labels: Labels },
  wanted?: string,
): Promise<LabNetwork> {
  const { all, node } = engines;
  const hub = engines.hub.session;
  const refused: string[] = [];
  for (;;) {
    const taken = wanted === undefined ? await Promise.all(all.map(takenRanges)) : [];
    const subnet =
      wanted === undefined
        ? chooseSubnet([...taken.flat(), ...refused], lab.name)
        : checkRoom(parseCidr(wanted, lab.name), lab.name);
    const overlay = all.length > 1;
    const range = overlay ? reservedRange(subnet, all.length, lab.name) : undefined;
    try {
      const info = await hub.engine.networks.create({
        name: `wirebook-${hub.owner}-${lab.name}`,
        subnet: subnet.text,
        gateway: addressAt(subnet, 1),
        labels: { ...hub.labels, ...lab.labels, ...(node === undefined ? {} : { [label.node]: node }) },
        ...(range ? { driver: "overlay", attachable: true, internal: true, range: range.text } : {}),
      });
      if (overlay) await yieldToEarlier(hub.engine, info, subnet);
      return { info, subnet, reserved: range ? addressesOf(range) : [] };
    } catch (error) {
      // Another lab was faster: look again.
      const raced = error instanceof LabError && error.code === "SUBNET_TAKEN" && wanted === undefined;
      if (!raced) throw error;
      refused.push(subnet.text);
    }
  }
}

// The first address and the last, the gateway, the outside, and somebody to be beside it.
function checkRoom(subnet: Cidr, where: string): Cidr {
  if (subnet.size >= 8) return subnet;
  throw new LabError("BAD_ADDRESS", {
    where,
    found: `${subnet.text} has no room for a lab: ${subnet.size} addresses`,
    advice: "Take a prefix of at most /29, or leave the subnet out and one is chosen.",
  });
}

/**
 * The last part of an overlay's subnet, from which each engine takes an address for its load balancer when the first
 * container of the network starts there. What a lab gives out itself is before it.
 */
export function reservedRange(subnet: Cidr, engines: number, where: string): Cidr {
  const wanted = Math.max(FEWEST_RESERVED, 2 ** Math.ceil(Math.log2(engines * 2)));
  if (subnet.prefixLength > LONGEST_PREFIX || wanted * 2 > subnet.size) {
    throw new LabError("CIDR_EXHAUSTED", {
      where,
      found: `${subnet.text} is too small for a lab over ${engines} engines: each takes addresses of its own`,
      advice: "Give the lab a wider { subnet }, a /24, or leave it out and one is chosen.",
    });
  }
  const first = subnet.size - wanted;
  return parseCidr(`${addressAt(subnet, first)}/${32 - Math.log2(wanted)}`, where);
}

// Without the last one, which is the broadcast address of the subnet, and nobody's.
function addressesOf(range: Cidr): readonly string[] {
  return Array.from({ length: range.size - 1 }, (_, index) => addressAt(range, index));
}

// A swarm takes the order for a network without looking at the ranges of others, and gives a network that overlaps one
// no life: its containers would wait for ever. Of two that were made at the same moment the later one yields.
async function yieldToEarlier(engine: Engine, made: NetworkInfo, subnet: Cidr): Promise<void> {
  const others = (await engine.networks.list()).filter(({ id }) => id !== made.id);
  const earlier = others.find(
    (other) =>
      (other.scope !== "swarm" || isBefore(other, made)) &&
      other.subnets.some(
        (text) => /^[\d.]+\/\d+$/.test(text) && overlaps(parseCidr(text, other.name), subnet),
      ),
  );
  if (!earlier) return;
  await engine.networks.remove(made.id);
  throw new LabError("SUBNET_TAKEN", {
    where: made.name,
    found: `the network's address range overlaps that of ${earlier.name}`,
    advice: "Choose another subnet, or leave it out and one is chosen: docker network ls shows the others.",
  });
}

function isBefore(a: NetworkInfo, b: NetworkInfo): boolean {
  const apart = a.createdAt.getTime() - b.createdAt.getTime();
  return apart < 0 || (apart === 0 && a.id < b.id);
}

async function takenRanges({ session }: LabEngine): Promise<readonly string[]> {
  const [networks, routes] = await Promise.all([
    session.engine.networks.list(),
    session.hostShell.run(
      "ip -4 -o route show table all | sed 's/^\\(local\\|broadcast\\|unicast\\|blackhole\\) //'",
    ),
  ]);
  const destinations = routes.stdout.split("\n").map((line) => line.split(" ")[0] ?? "");
  return [...networks.flatMap(({ subnets }) => subnets), ...destinations];
}
