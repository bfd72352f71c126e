/** The program that created a chain, and the purpose of the chain. */
export interface Recognised {
  /** The program that created the chain. */
  readonly by:
    | "Docker"
    | "kube-proxy"
    | "kubelet"
    | "ufw"
    | "firewalld"
    | "Istio"
    | "libvirt"
    | "kube-router"
    | "Podman"
    | "Cilium"
    | "Calico"
    | "CNI"
    | "Flannel"
    | "fail2ban"
    | "Tailscale";
  /** The purpose of the chain in one sentence. */
  readonly sentence: string;
}

type Entry = readonly [RegExp, Recognised["by"], string];

/** The first matching pattern is used, so that specific patterns come first. */
const CHAINS: readonly Entry[] = [
  [
    /^DOCKER-USER$/,
    "Docker",
    "Your own rules for forwarded traffic. It is evaluated before Docker's rules, and Docker never changes it.",
  ],
  [
    /^DOCKER-FORWARD$/,
    "Docker",
    "Called from FORWARD. Calls the chains for known connections, internal networks and bridges.",
  ],
  [/^DOCKER-CT$/, "Docker", "Accepts packets of established connections to Docker's bridges."],
  [/^DOCKER-INTERNAL$/, "Docker", "Keeps the traffic of internal networks inside them."],
  [
    /^DOCKER-BRIDGE$/,
    "Docker",
    "Sends packets that go into a Docker bridge to the chain that decides about published ports.",
  ],
  [
    /^DOCKER-ISOLATION-STAGE-1$/,
    "Docker",
    "First stage of the isolation of Docker networks: packets from a bridge to another interface go to stage 2.",
  ],
  [
    /^DOCKER-ISOLATION-STAGE-2$/,
    "Docker",
    "Second stage of the isolation of Docker networks: drops packets to another bridge.",
  ],
  [/^DOCKER-INGRESS$/, "Docker", "Published ports of Swarm services, sent to the ingress network."],
  [
    /^DOCKER_OUTPUT$|^DOCKER_POSTROUTING$/,
    "Docker",
    "Inside a container: redirects DNS requests to 127.0.0.11 to Docker's DNS server.",
  ],
  [
    /^DOCKER$/,
    "Docker",
    "Docker's published ports: in nat it translates them to containers, in filter it accepts them.",
  ],
  [
    /^KUBE-SERVICES$/,
    "kube-proxy",
    "The list of all services: a packet to a ClusterIP and port goes to that service's chain.",
  ],
  [
    /^KUBE-EXTERNAL-SERVICES$/,
    "kube-proxy",
    "Rejects traffic to external addresses and node ports of services without endpoints.",
  ],
  [
    /^KUBE-NODEPORTS$/,
    "kube-proxy",
    "Node ports: a packet to the node's own address and a service's port goes to that service's chain.",
  ],
  [
    /^KUBE-SVC-/,
    "kube-proxy",
    "One service: chooses one of its endpoints at random, with equal probability.",
  ],
  [
    /^KUBE-SVL-/,
    "kube-proxy",
    "One service, for traffic that must stay on this node: chooses one of the local endpoints at random.",
  ],
  [
    /^KUBE-SEP-/,
    "kube-proxy",
    "One endpoint of a service: translates the destination to the pod's address and port.",
  ],
  [
    /^KUBE-EXT-/,
    "kube-proxy",
    "Traffic to a service from outside the cluster: marked for masquerading if the service's policy requires it.",
  ],
  [
    /^KUBE-FW-|^KUBE-PROXY-FIREWALL$/,
    "kube-proxy",
    "Drops traffic to a load balancer from sources that it does not allow.",
  ],
  [/^KUBE-XLB-/, "kube-proxy", "A load balancer's traffic that must stay on this node."],
  [/^KUBE-MARK-MASQ$/, "kube-proxy", "Marks a packet (0x4000) so that KUBE-POSTROUTING masquerades it."],
  [/^KUBE-MARK-DROP$/, "kubelet", "Marks a packet (0x8000) so that KUBE-FIREWALL drops it."],
  [
    /^KUBE-POSTROUTING$/,
    "kube-proxy",
    "Masquerades marked packets, so that the reply returns through this node.",
  ],
  [/^KUBE-FORWARD$/, "kube-proxy", "Accepts forwarded traffic of services: marked packets and replies."],
  [/^KUBE-FIREWALL$/, "kubelet", "Drops packets from other hosts to this node's loopback addresses."],
  [
    /^KUBE-KUBELET-CANARY$|^KUBE-PROXY-CANARY$/,
    "kubelet",
    "Empty on purpose. If this chain is missing, the rules were flushed, and all of them are written again.",
  ],
  [/^KUBE-ROUTER-/, "kube-router", "Called from the base chains. Calls the network policies of pods."],
  [/^KUBE-POD-FW-/, "kube-router", "One pod's firewall: calls each network policy that selects the pod."],
  [/^KUBE-NWPLCY-/, "kube-router", "One network policy: marks the packets that it allows."],
  [/^KUBE-/, "kube-proxy", "A chain of Kubernetes."],
  [/^ufw6?-user-(input|output|forward)$/, "ufw", "Your own ufw rules."],
  [/^ufw6?-user-limit-accept$/, "ufw", "Accepts connections within the rate limit (ufw limit)."],
  [/^ufw6?-user-limit/, "ufw", "Logs and rejects connections above the rate limit (ufw limit)."],
  [/^ufw6?-user-logging/, "ufw", "Logging of your own ufw rules."],
  [
    /^ufw6?-before-logging|^ufw6?-after-logging|^ufw6?-logging/,
    "ufw",
    "Logs packets that ufw allows or denies.",
  ],
  [
    /^ufw6?-before-/,
    "ufw",
    "Rules of ufw before your own: loopback, established connections, required ICMP.",
  ],
  [/^ufw6?-after-/, "ufw", "Rules of ufw after your own: frequent packets that need no logging."],
  [/^ufw6?-reject-/, "ufw", "Rejects packets that no rule allowed, if ufw's default policy is reject."],
  [/^ufw6?-not-local$/, "ufw", "Returns packets for this host to the calling chain, and drops the rest."],
  [/^ufw6?-skip-to-policy-/, "ufw", "Applies ufw's default policy for this direction."],
  [/^ufw6?-track-/, "ufw", "Accepts new connections in this direction, so that conntrack tracks them."],
  [/^ufw/, "ufw", "A chain of ufw, the firewall front end."],
  [/_direct$/, "firewalld", "Direct rules of firewalld, evaluated before its zones."],
  [/_ZONES(_SOURCE)?$/, "firewalld", "Sends a packet to the zone of its interface or source."],
  [
    /^(IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?=.*[a-z].*_)[\w-]+_(log|deny|allow|pre|post)$/,
    "firewalld",
    "One part of a firewalld zone: its logging, its denials or what it allows.",
  ],
  // Names of zones contain lower-case letters. Other chains such as OUT_OF_OFFICE do not.
  [
    /^(IN|FWDI|FWDO|FWD|PRE|POST|OUT)_policy_[\w-]+$/,
    "firewalld",
    "One firewalld policy between zones, in one direction.",
  ],
  [
    /^(IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?=.*[a-z])[\w-]+$/,
    "firewalld",
    "One firewalld zone in one direction.",
  ],
  [
    /^(INPUT|FORWARD|OUTPUT|PREROUTING|POSTROUTING)_POLICIES_(pre|post)$/,
    "firewalld",
    "Policies between zones of firewalld.",
  ],
  [
    /^ISTIO_INBOUND$/,
    "Istio",
    "Incoming traffic of the pod: sent to the sidecar, except for excluded ports.",
  ],
  [/^ISTIO_IN_REDIRECT$/, "Istio", "Redirects incoming traffic to the sidecar's port 15006."],
  [
    /^ISTIO_OUTPUT$/,
    "Istio",
    "Outgoing traffic of the pod: sent to the sidecar, except for the sidecar's own.",
  ],
  [/^ISTIO_REDIRECT$/, "Istio", "Redirects outgoing traffic to the sidecar's port 15001."],
  [
    /^ISTIO_(DIVERT|TPROXY)$/,
    "Istio",
    "Sends traffic to the sidecar without changing its addresses (TPROXY).",
  ],
  [/^ISTIO/, "Istio", "A chain of Istio's sidecar."],
  [
    /^LIBVIRT_FW[IOX]$/,
    "libvirt",
    "Forwarded traffic of libvirt's virtual networks: into them, out of them, or between their guests.",
  ],
  [/^LIBVIRT_INP$|^LIBVIRT_OUT$/, "libvirt", "DNS and DHCP that this host provides to libvirt's guests."],
  [/^LIBVIRT_PRT$/, "libvirt", "Source NAT and checksums for libvirt's virtual networks."],
  [/^LIBVIRT/, "libvirt", "A chain of libvirt's virtual networks."],
  [/^cali-/, "Calico", "A chain of Calico: network policy of one workload, one interface or one direction."],
  [/^CILIUM_/, "Cilium", "A chain of Cilium, for tasks that its eBPF programs leave to iptables."],
  [/^NETAVARK/, "Podman", "A chain of Podman's networks: forwarding, port maps and source NAT."],
  [/^CNI-HOSTPORT-/, "CNI", "Host ports of pods (the CNI portmap plugin)."],
  [/^CNI-|^CNI_/, "CNI", "A chain of a CNI plugin: one pod's source NAT, port map or firewall."],
  [/^FLANNEL-/, "Flannel", "Forwards pod traffic, and masquerades traffic that leaves the cluster."],
  [/^f2b-/, "fail2ban", "Addresses that fail2ban has banned from one service."],
  [/^ts-/, "Tailscale", "Traffic of the tailnet: which packets are accepted, forwarded or masqueraded."],
];

/**
 * Recognises chains of well-known programs (Docker, kube-proxy, ufw, firewalld, …) by their name.
 *
 * @returns the program and the purpose of the chain, or undefined for an unknown chain.
 * @example
 * import { recognise } from "wirebook";
 *
 * console.log(recognise("DOCKER-USER")?.sentence);
 */
export function recognise(chain: string): Recognised | undefined {
  const known = CHAINS.find(([pattern]) => pattern.test(chain));
  return known === undefined ? undefined : { by: known[1], sentence: known[2] };
}
