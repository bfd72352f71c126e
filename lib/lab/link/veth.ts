import { LabError, shellText } from "../../engine";
import type { NetnsHandle } from "../place/netns-handle";
import type { ContainerPlace, Place } from "../place/place";
import { commandError } from "./ip";
import { LabLink } from "./link";

/** One end of a pair that is to be made. */
export interface VethEnd {
  readonly place: ContainerPlace;
  /** Name of the link, at most 15 characters. */
  readonly name: string;
  /** With its prefix: `10.0.0.1/24`. Default: none. */
  readonly address?: string;
  /** Hardware address. Default: the kernel chooses one. */
  readonly mac?: string;
}

/** A cable between two namespaces: what goes in at one end comes out at the other. */
export class Veth {
  readonly a: LabLink;
  readonly b: LabLink;
  /** What one would have typed. */
  readonly shell: string;

  constructor(a: LabLink, b: LabLink, shell: string) {
    this.a = a;
    this.b = b;
    this.shell = shell;
  }

  /** Removes both ends. Shell: `ip link del NAME`. */
  remove(): Promise<void> {
    return this.a.remove();
  }
}

/**
 * Makes a veth pair across two namespaces (or within one), both ends up.
 *
 * Shell: `ip link add A netns A type veth peer name B netns B`, then `ip addr add`, `ip link set up` in each.
 *
 * @throws LabError `NAME_TAKEN` when a link of that name exists, `BAD_ADDRESS`, `BAD_NAME`; `NOT_SUPPORTED` for two
 * places that no one toolbox sees, such as containers of two Docker hosts.
 */
export async function addVeth(a: VethEnd, b: VethEnd): Promise<Veth> {
  const [left, right] = await Promise.all([a.place.netnsHandle(), b.place.netnsHandle()]);
  checkOneEngine(a.place, left, b.place, right);
  const make = [
    ...["ip", "link", "add", a.name, "netns", String(left.pid), ...hardware(a), "type", "veth"],
    ...["peer", "name", b.name, "netns", String(right.pid), ...hardware(b)],
  ];
  const { exitCode, stderr } = await left.toolbox.shell.command(make);
  if (exitCode !== 0) throw commandError(`${a.place.name} – ${b.place.name}`, make, stderr);
  const ends = [new LabLink(a.place, a.name), new LabLink(b.place, b.name)] as const;
  try {
    await Promise.all([settle(ends[0], a), settle(ends[1], b)]);
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

/** @throws LabError `NOT_SUPPORTED` for two places whose namespaces are not entered from one container. */
export function checkOneEngine(a: Place, left: NetnsHandle, b: Place, right: NetnsHandle): void {
  if (left.toolbox === right.toolbox) return;
  throw new LabError("NOT_SUPPORTED", {
    where: `${a.name} – ${b.name}`,
    found: "these two places are in different engines, and a cable stays within one kernel namespace tree",
    advice: "Join them by the networks of their hosts: routes and published ports.",
  });
}

function hardware({ mac }: VethEnd): readonly string[] {
  return mac === undefined ? [] : ["address", mac];
}

async function settle(link: LabLink, { address }: VethEnd): Promise<void> {
  if (address !== undefined) await link.addAddress(address);
  await link.up();
}
