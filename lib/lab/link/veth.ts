import { LabError, shellText } from "../../engine";
import type { NetnsHandle } from "../place/netns-handle";
import type { ContainerPlace, Place } from "../place/place";
import { commandError } from "./ip";
import { LabLink } from "./link";

/**
 * One end of a veth pair to create.
 *
 * @example
 * import { Lab, type VethEnd } from "wirebook";
 * const lab = await Lab.open("veth-end-example");
 * const a: VethEnd = { place: await lab.netns("a"), name: "eth0", mac: "02:00:00:00:00:0a" };
 * await lab.veth(a, { place: await lab.netns("b"), name: "eth0", address: "10.1.0.2/24" });
 * await lab.close();
 */
export interface VethEnd {
  readonly place: ContainerPlace;
  /** Name of the link, at most 15 characters. */
  readonly name: string;
  /** IP address with its prefix length: `10.0.0.1/24`. Default: none. */
  readonly address?: string;
  /** MAC address. Default: the kernel chooses one. */
  readonly mac?: string;
}

/**
 * A veth pair: a frame that is sent through one end arrives at the other. Source: veth(4).
 *
 * @example
 * import { Lab, type Veth } from "wirebook";
 * const lab = await Lab.open("veth-class-example");
 * const [a, b] = await Promise.all([lab.netns("a"), lab.netns("b")]);
 * const cable: Veth = await lab.veth({ place: a, name: "eth0" }, { place: b, name: "eth0" });
 * await cable.b.down();
 * await cable.remove();
 * await lab.close();
 */
export class Veth {
  readonly a: LabLink;
  readonly b: LabLink;
  /** The equivalent shell command. */
  readonly shell: string;

  constructor(a: LabLink, b: LabLink, shell: string) {
    this.a = a;
    this.b = b;
    this.shell = shell;
  }

  /** Deletes both ends. Shell: `ip link del NAME`. */
  remove(): Promise<void> {
    return this.a.remove();
  }
}

/**
 * Creates a veth pair between two namespaces, or within one, and sets both ends up.
 *
 * Shell: `ip link add LINK_A netns A type veth peer name LINK_B netns B`, then `ip addr add`, `ip link set up` in each.
 *
 * @throws LabError `NAME_TAKEN` if a link with that name exists, `BAD_ADDRESS`, `BAD_NAME`; `NOT_SUPPORTED` if the
 *   namespaces are entered from different toolboxes, such as for containers on two Docker hosts.
 */
export async function addVeth(a: VethEnd, b: VethEnd): Promise<Veth> {
  const [left, right] = await Promise.all([a.place.netnsHandle(), b.place.netnsHandle()]);
  checkOneEngine(a.place, left, b.place, right);
  const make = [
    ...["ip", "link", "add", a.name, "netns", String(left.pid), ...macArgs(a), "type", "veth"],
    ...["peer", "name", b.name, "netns", String(right.pid), ...macArgs(b)],
  ];
  const { exitCode, stderr } = await left.toolbox.shell.command(make);
  if (exitCode !== 0) throw commandError(`${a.place.name} – ${b.place.name}`, make, stderr);
  const ends = [new LabLink(a.place, a.name), new LabLink(b.place, b.name)] as const;
  try {
    await Promise.all([configure(ends[0], a), configure(ends[1], b)]);
  } catch (error) {
    await ends[0].remove().catch(() => undefined);
    throw error;
  }
  const shown = [
    a.name,
    "netns",
    a.place.name,
    "type",
    "veth",
    "peer",
    "name",
    b.name,
    "netns",
    b.place.name,
  ];
  return new Veth(ends[0], ends[1], shellText(["ip", "link", "add", ...shown]));
}

/** @throws LabError `NOT_SUPPORTED` if the namespaces of the two places are entered from different toolboxes. */
export function checkOneEngine(a: Place, left: NetnsHandle, b: Place, right: NetnsHandle): void {
  if (left.toolbox === right.toolbox) return;
  throw new LabError("NOT_SUPPORTED", {
    where: `${a.name} – ${b.name}`,
    found: "the two places are on different engines, and veth and tap links can't connect different engines",
    advice: "Connect them through the networks of their hosts, with routes or published ports.",
  });
}

function macArgs({ mac }: VethEnd): readonly string[] {
  return mac === undefined ? [] : ["address", mac];
}

async function configure(link: LabLink, { address }: VethEnd): Promise<void> {
  if (address !== undefined) await link.addAddress(address);
  await link.up();
}
