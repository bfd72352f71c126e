import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { faults, foldsOf, stepsOf } from "../../test/pictures/layout";
import type { Link, Route } from "../inspect/snapshot";
import { parseRuleset } from "../netfilter/iptables";
import type { Packet, Path } from "../netfilter/model";
import { traverse } from "../netfilter/traverse";
import { ladderPicture, serviceOf, servicePicture, traversalPicture } from "./index";
import { ruleText } from "./traversal/say";

/** Pictures of what the model says of real rules: kube-proxy's, in the flows that its authors published. */
interface FlowSet {
  readonly id: string;
  readonly iptablesSaveNft: string;
  readonly flows: readonly {
    readonly name: string;
    readonly protocol: string;
    readonly src: string;
    readonly dst: string;
    readonly dport: number;
    readonly hooks: readonly string[];
  }[];
}

const FILE = join(__dirname, "../../../shared/data/kube-proxy/flows.json");
const SETS: readonly FlowSet[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : [];

const link = (ifindex: number, name: string, address: string, prefixLength: number): Link => ({
  ifindex,
  name,
  kind: "ether",
  mtu: 1500,
  up: true,
  operState: "UP",
  addresses: [
    { family: "ipv4", address, prefixLength, scope: name === "lo" ? "host" : "global", secondary: false },
  ],
});

const route = (destination: string, dev: string, via?: string): Route => ({
  family: "ipv4",
  destination,
  type: "unicast",
  table: "main",
  dev,
  ...(via === undefined ? {} : { via }),
});

function pathOf(set: FlowSet, flow: FlowSet["flows"][number]): Path {
  const { src, dst, protocol, dport } = flow;
  const packet: Packet = {
    family: "ipv4",
    src,
    dst,
    protocol,
    sport: 40000,
    dport,
    ttl: 64,
    tos: 0,
    length: 40,
    mark: 0,
  };
  const host = {
    place: "node",
    rulesets: [{ ...parseRuleset(set.iptablesSaveNft, { family: "ipv4" }), variant: "nft" as const }],
    links: [
      link(1, "lo", "127.0.0.1", 8),
      link(2, "eth0", "192.168.0.2", 24),
      link(3, "pods", "10.255.255.1", 8),
    ],
    routes: [
      route("192.168.0.0/24", "eth0"),
      route("10.0.0.0/8", "pods"),
      route("0.0.0.0/0", "eth0", "192.168.0.1"),
    ],
    sysctls: { "net.ipv4.ip_forward": "1" },
  };
  const from = flow.hooks.includes("OUTPUT")
    ? { local: true as const }
    : { in: src.startsWith("10.") ? "pods" : "eth0" };
  return traverse(host, packet, { from });
}

const CASES = SETS.flatMap((set) =>
  set.flows.map((flow) => ({ name: `${set.id}: ${flow.name}`, set, flow })),
);

describe("pictures of kube-proxy's flows", () => {
  test("are drawn of every flow", () => expect(CASES.length).toBe(SETS.length === 0 ? 0 : 48));
  if (CASES.length === 0) return;

  test.each(CASES)("$name", ({ set, flow }) => {
    const path = pathOf(set, flow);
    path.outcomes.slice(0, 3).forEach((outcome, index) => {
      const picture = traversalPicture(path, { outcome: index });
      const { spec, text } = picture;
      expect(faults(spec)).toEqual([]);
      expect(faults(spec, { open: new Set(foldsOf(spec).keys()), step: stepsOf(spec) })).toEqual([]);
      for (const step of outcome.steps) if (step.kind === "rule") expect(text).toContain(ruleText(step.rule));
      expect(faults(ladderPicture(path, { outcome: index }).spec)).toEqual([]);
    });
    const service = serviceOf(path);
    expect(service.endpoints).toHaveLength(path.outcomes.length);
    expect(faults(servicePicture(service).spec)).toEqual([]);
  });
});
