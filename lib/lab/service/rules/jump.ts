/** A rule in a base chain that jumps to one of kube-proxy's chains. */
export interface Jump {
  readonly table: "filter" | "nat";
  readonly from: string;
  readonly to: string;
  /** The rule without `-A CHAIN`. */
  readonly rule: string;
}

const filter = (from: string, to: string, comment: string, onlyNew: boolean): Jump => ({
  table: "filter",
  from,
  to,
  rule: `${onlyNew ? "-m conntrack --ctstate NEW " : ""}-m comment --comment "${comment}" -j ${to}`,
});

const nat = (from: string, to: string, comment: string): Jump => ({
  table: "nat",
  from,
  to,
  rule: `-m comment --comment "${comment}" -j ${to}`,
});

const FIREWALL = "kubernetes load balancer firewall";
const PORTALS = "kubernetes service portals";
const OUTSIDE = "kubernetes externally-visible service portals";

/**
 * The jumps of kube-proxy and kubelet, in their order at the start of each chain. kube-proxy inserts each jump before the
 * previous ones, so the last one inserted is the first of the chain.
 */
export const JUMPS: readonly Jump[] = [
  { table: "filter", from: "INPUT", to: "KUBE-FIREWALL", rule: "-j KUBE-FIREWALL" },
  filter("INPUT", "KUBE-PROXY-FIREWALL", FIREWALL, true),
  filter("INPUT", "KUBE-NODEPORTS", "kubernetes health check service ports", false),
  filter("INPUT", "KUBE-EXTERNAL-SERVICES", OUTSIDE, true),
  filter("FORWARD", "KUBE-PROXY-FIREWALL", FIREWALL, true),
  filter("FORWARD", "KUBE-FORWARD", "kubernetes forwarding rules", false),
  filter("FORWARD", "KUBE-SERVICES", PORTALS, true),
  filter("FORWARD", "KUBE-EXTERNAL-SERVICES", OUTSIDE, true),
  { table: "filter", from: "OUTPUT", to: "KUBE-FIREWALL", rule: "-j KUBE-FIREWALL" },
  filter("OUTPUT", "KUBE-PROXY-FIREWALL", FIREWALL, true),
  filter("OUTPUT", "KUBE-SERVICES", PORTALS, true),
  nat("PREROUTING", "KUBE-SERVICES", PORTALS),
  nat("OUTPUT", "KUBE-SERVICES", PORTALS),
  nat("POSTROUTING", "KUBE-POSTROUTING", "kubernetes postrouting rules"),
];
