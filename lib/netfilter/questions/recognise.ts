/** Who made a chain, and what it is for. */
export interface Recognised {
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
  readonly sentence: string;
}

type Entry = readonly [RegExp, Recognised["by"], string];

/** The most special name first: the first that fits is taken. */
const CHAINS: readonly Entry[] = [
  [
    /^DOCKER-USER$/,
    "Docker",
    "Your own rules for forwarded traffic: Docker asks this chain first and never writes to it.",
  ],
  [
    /^DOCKER-FORWARD$/,
    "Docker",
    "Docker's entry from FORWARD: it leads to the chains for known connections, internal networks and bridges.",
  ],
  [/^DOCKER-CT$/, "Docker", "Lets packets of connections that are already known into Docker's bridges."],
  [/^DOCKER-INTERNAL$/, "Docker", "Keeps the traffic of internal networks inside them."],
  [
    /^DOCKER-BRIDGE$/,
    "Docker",
    "Sends packets that go into a Docker bridge to the chain that decides about published ports.",
  ],
  [
    /^DOCKER-ISOLATION-STAGE-1$/,
    "Docker",
    "First half of the isolation of Docker networks: packets that leave one bridge for another interface go on to stage 2.",
  ],
  [
    /^DOCKER-ISOLATION-STAGE-2$/,
    "Docker",
    "Second half of the isolation of Docker networks: packets that would enter another bridge are dropped.",
  ],
  [/^DOCKER-INGRESS$/, "Docker", "Published ports of Swarm services, sent to the ingress network."],
  [
    /^DOCKER_OUTPUT$|^DOCKER_POSTROUTING$/,
    "Docker",
    "Inside a container: leads questions to 127.0.0.11 to Docker's own name server.",
  ],
  [
    /^DOCKER$/,
    "Docker",
    "Docker's published ports: in nat it translates them to containers, in filter it lets them through.",
  ],
  [
    /^KUBE-SERVICES$/,
    "kube-proxy",
    "The list of all services: a packet to a ClusterIP and port goes to that service's chain.",
  ],
  [
    /^KUBE-EXTERNAL-SERVICES$/,
    "kube-proxy",
    "Refuses external addresses and node ports of services that have no endpoints.",
  ],
  [
    /^KUBE-NODEPORTS$/,
    "kube-proxy",
    "Node ports: a packet to the node's own address and a service's port goes to that service's chain.",
  ],
  [
    /^KUBE-SVC-/,
    "kube-proxy",
    "One service: chooses one of its endpoints by chance, each as likely as the others.",
  ],
  [
    /^KUBE-SVL-/,
    "kube-proxy",
    "One service, for traffic that must stay on this node: chooses one of the local endpoints by chance.",
  ],
  [
    /^KUBE-SEP-/,
    "kube-proxy",
    "One endpoint of a service: translates the destination to the pod's address and port.",
  ],
  [
    /^KUBE-EXT-/,
    "kube-proxy",
    "Traffic that reaches a service from outside the cluster: marked for masquerading where its policy asks for it.",
  ],
  [
    /^KUBE-FW-|^KUBE-PROXY-FIREWALL$/,
    "kube-proxy",
    "Drops traffic to a load balancer from sources that it does not allow.",
  ],
  [/^KUBE-XLB-/, "kube-proxy", "A load balancer's traffic that must stay on this node."],
  [
    /^KUBE-MARK-MASQ$/,
    "kube-proxy",
    "Marks a packet (0x4000) so that it will be masqueraded when it leaves.",
  ],
  [/^KUBE-MARK-DROP$/, "kubelet", "Marks a packet (0x8000) so that KUBE-FIREWALL drops it."],
  [
    /^KUBE-POSTROUTING$/,
    "kube-proxy",
    "Masquerades what was marked, so that the reply comes back through this node.",
  ],
  [
    /^KUBE-FORWARD$/,
    "kube-proxy",
    "Lets forwarded traffic of services through: what is marked, and replies.",
  ],
  [/^KUBE-FIREWALL$/, "kubelet", "Drops packets from elsewhere to this node's loopback addresses."],
  [
    /^KUBE-KUBELET-CANARY$|^KUBE-PROXY-CANARY$/,
    "kubelet",
    "Empty on purpose: when it is gone, somebody flushed the rules and they are written anew.",
  ],
  [/^KUBE-ROUTER-/, "kube-router", "kube-router's entry: leads to the network policies of pods."],
  [/^KUBE-POD-FW-/, "kube-router", "One pod's firewall: asks each network policy that selects the pod."],
  [/^KUBE-NWPLCY-/, "kube-router", "One network policy: marks what it allows."],
  [/^KUBE-/, "kube-proxy", "A chain of Kubernetes."],
  [/^ufw6?-user-(input|output|forward)$/, "ufw", "The rules that you gave ufw."],
  [/^ufw6?-user-limit-accept$/, "ufw", "Connections that do not come too often: let in (ufw limit)."],
  [/^ufw6?-user-limit/, "ufw", "Connections that come too often: logged and refused (ufw limit)."],
  [/^ufw6?-user-logging/, "ufw", "Logs for the rules that you gave ufw."],
  [/^ufw6?-before-logging|^ufw6?-after-logging|^ufw6?-logging/, "ufw", "Logs what ufw allows or denies."],
  [/^ufw6?-before-/, "ufw", "What ufw decides before your rules: loopback, known connections, needed ICMP."],
  [/^ufw6?-after-/, "ufw", "What ufw decides after your rules: noise that need not be logged."],
  [/^ufw6?-reject-/, "ufw", "Refuses what no rule allowed, where ufw's default is reject."],
  [/^ufw6?-not-local$/, "ufw", "Lets through what is for this host, and drops other hosts' broadcasts."],
  [/^ufw6?-skip-to-policy-/, "ufw", "Goes straight to ufw's default for this direction."],
  [/^ufw6?-track-/, "ufw", "Makes conntrack know new connections of this direction."],
  [/^ufw/, "ufw", "A chain of ufw, the firewall front end."],
  [/_direct$/, "firewalld", "Rules given to firewalld directly, asked before its zones."],
  [/_ZONES(_SOURCE)?$/, "firewalld", "Sends a packet to the zone of its interface or source."],
  [
    /^(IN|FWDI|FWDO|FWD|PRE|POST|OUT)_(?=.*[a-z].*_)[\w-]+_(log|deny|allow|pre|post)$/,
    "firewalld",
    "One part of a firewalld zone: its logging, its denials or what it allows.",
  ],
  // Zones are written small, other people's chains (OUT_OF_OFFICE) are not.
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
    "The policies between zones that firewalld was given.",
  ],
  [
    /^ISTIO_INBOUND$/,
    "Istio",
    "Traffic that comes into the pod: all but the excluded ports goes to the sidecar.",
  ],
  [/^ISTIO_IN_REDIRECT$/, "Istio", "Hands incoming traffic to the sidecar's port 15006."],
  [/^ISTIO_OUTPUT$/, "Istio", "Traffic that the pod sends: all but the sidecar's own goes to the sidecar."],
  [/^ISTIO_REDIRECT$/, "Istio", "Hands outgoing traffic to the sidecar's port 15001."],
  [
    /^ISTIO_(DIVERT|TPROXY)$/,
    "Istio",
    "Hands traffic to the sidecar without changing its addresses (TPROXY).",
  ],
  [/^ISTIO/, "Istio", "A chain of Istio's sidecar."],
  [
    /^LIBVIRT_FW[IOX]$/,
    "libvirt",
    "Forwarded traffic of libvirt's virtual networks: into them, out of them, or between their guests.",
  ],
  [
    /^LIBVIRT_INP$|^LIBVIRT_OUT$/,
    "libvirt",
    "Name and address service (DNS, DHCP) that this host gives to libvirt's guests.",
  ],
  [/^LIBVIRT_PRT$/, "libvirt", "Source NAT and checksums for libvirt's virtual networks."],
  [/^LIBVIRT/, "libvirt", "A chain of libvirt's virtual networks."],
  [/^cali-/, "Calico", "A chain of Calico: network policy of one workload, one interface or one direction."],
  [/^CILIUM_/, "Cilium", "A chain of Cilium: what its programs in the kernel leave to iptables."],
  [/^NETAVARK/, "Podman", "A chain of Podman's networks: forwarding, port maps and source NAT."],
  [/^CNI-HOSTPORT-/, "CNI", "Host ports of pods (the CNI portmap plugin)."],
  [/^CNI-|^CNI_/, "CNI", "A chain of a CNI plugin: one pod's source NAT, port map or firewall."],
  [/^FLANNEL-/, "Flannel", "Flannel: forwards pod traffic, and masquerades what leaves the cluster."],
  [/^f2b-/, "fail2ban", "Addresses that fail2ban has banned from one service."],
  [/^ts-/, "Tailscale", "Traffic of the tailnet: what may come in, be forwarded, or is masqueraded."],
];

/** Says in one sentence what a well-known program's chain is for; undefined for a chain of somebody else's. */
export function recognise(chain: string): Recognised | undefined {
  const known = CHAINS.find(([pattern]) => pattern.test(chain));
  return known === undefined ? undefined : { by: known[1], sentence: known[2] };
}
