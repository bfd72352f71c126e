import { type Engine, LabError, type Labels, label, type NetworkInfo } from "../../engine";
import { withoutUndefined } from "../../without-undefined";
import { addressAt, type Cidr, overlaps, parseCidr } from "../cidr/cidr";
import type { LabEngine, LabEngines } from "../runtime/engines";
import { chooseSubnet } from "./subnet";

/** The network of a lab: a bridge network on one engine, an attachable overlay network on several. */
export interface LabNetwork {
  readonly info: NetworkInfo;
  readonly subnet: Cidr;
  /** Addresses that the lab must not use: each engine's load balancer on an overlay network has one. */
  readonly reserved: readonly string[];
}

/** Smallest number of addresses to reserve at the end of an overlay's range for the load balancers of the engines. */
const MIN_RESERVED = 8;

/** Longest prefix of an overlay network that leaves enough addresses for a lab. */
const MAX_PREFIX_LENGTH = 27;

/**
 * Creates a lab's network, by default with a range that no route or network on the machines of its engines overlaps.
 *
 * Shell: `docker network create --subnet …`; with several engines `docker network create --driver overlay --attachable
 * --internal --subnet … --ip-range …`. It is internal because Docker connects containers on other overlay networks also
 * to docker_gwbridge, through which packets could leave the lab.
 *
 * @param wanted - CIDR of the network. Default: a free range is chosen.
 * @throws LabError `SUBNET_TAKEN`, `CIDR_EXHAUSTED`, `BAD_ADDRESS`.
 */
export async function createLabNetwork(
  engines: LabEngines,
  lab: { readonly name: string; readonly labels: Labels },
  wanted?: string,
): Promise<LabNetwork> {
  const { all, node } = engines;
  const hub = engines.hub.session;
  const conflicting: string[] = [];
  for (;;) {
    const taken = wanted === undefined ? await Promise.all(all.map(takenRanges)) : [];
    const subnet =
      wanted === undefined
        ? chooseSubnet([...taken.flat(), ...conflicting], lab.name)
        : checkSize(parseCidr(wanted, lab.name), lab.name);
    const overlay = all.length > 1;
    const range = overlay ? reservedRange(subnet, all.length, lab.name) : undefined;
    try {
      const info = await hub.engine.networks.create({
        name: `wirebook-${hub.owner}-${lab.name}`,
        subnet: subnet.text,
        gateway: addressAt(subnet, 1),
        labels: { ...hub.labels, ...lab.labels, ...withoutUndefined({ [label.node]: node }) },
        ...(range ? { driver: "overlay", attachable: true, internal: true, range: range.text } : {}),
      });
      if (overlay) await yieldToEarlier(hub.engine, info, subnet);
      return { info, subnet, reserved: range ? addressesOf(range) : [] };
    } catch (error) {
      // Another lab has taken this range since we looked. Choose again.
      const raced = error instanceof LabError && error.code === "SUBNET_TAKEN" && wanted === undefined;
      if (!raced) throw error;
      conflicting.push(subnet.text);
    }
  }
}

// Network address, broadcast address, gateway, outside and at least one place.
function checkSize(subnet: Cidr, where: string): Cidr {
  if (subnet.size >= 8) return subnet;
  throw new LabError("BAD_ADDRESS", {
    where,
    found: `${subnet.text} is too small for a lab: it has ${subnet.size} ${subnet.size === 1 ? "address" : "addresses"}`,
    advice:
      "Use a range with at least 8 addresses (/29 or a shorter prefix), or omit the subnet to have one chosen.",
  });
}

/**
 * Returns the last part of an overlay network's subnet, which is its `--ip-range`: when the first container of the
 * network starts on an engine, Docker takes an address from there for the load balancer. The lab uses the rest.
 */
export function reservedRange(subnet: Cidr, engines: number, where: string): Cidr {
  const wanted = Math.max(MIN_RESERVED, 2 ** Math.ceil(Math.log2(engines * 2)));
  if (subnet.prefixLength > MAX_PREFIX_LENGTH || wanted * 2 > subnet.size) {
    throw new LabError("CIDR_EXHAUSTED", {
      where,
      found: `${subnet.text} is too small for a lab with ${engines} engines: each engine needs addresses too`,
      advice: "Use a larger { subnet } such as a /24, or omit it to have one chosen.",
    });
  }
  const first = subnet.size - wanted;
  return parseCidr(`${addressAt(subnet, first)}/${32 - Math.log2(wanted)}`, where);
}

// Without the last address, which is the broadcast address of the subnet.
function addressesOf(range: Cidr): readonly string[] {
  return Array.from({ length: range.size - 1 }, (_, index) => addressAt(range, index));
}

// A swarm accepts a new network without comparing its range with other networks. If it overlaps one, the network never
// gets ready and its containers wait forever. If two networks were created at the same time, remove the later one.
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
    advice: "Choose another subnet, or omit it to have one chosen. docker network ls lists the others.",
  });
}

function isBefore(a: NetworkInfo, b: NetworkInfo): boolean {
  const difference = a.createdAt.getTime() - b.createdAt.getTime();
  return difference < 0 || (difference === 0 && a.id < b.id);
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
