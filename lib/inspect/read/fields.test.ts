// Every field of `ip -j rule`, `ip -j route` and `ip -j addr` is read, ignored as harmless, or reported as unknown. The
// JSON is the output of iproute2 6.1.0 and 6.15.0 on kernel 6.18, or follows their source if that kernel has no driver.

import { parseJson } from "./json";
import { parseLinks } from "./links";
import { parsePolicyRules } from "./policy-rules";
import { parseRoutes } from "./routes";

const rule = (more: object) => parsePolicyRules([{ priority: 100, src: "all", ...more }], "ipv4")[0];
const route = (more: object) => parseRoutes([{ dst: "10.9.0.0/16", dev: "e0", flags: [], ...more }]);
const link = (more: object) =>
  parseLinks([{ ifindex: 2, ifname: "e0", flags: ["UP", "LOWER_UP"], operstate: "UP", ...more }])[0];

describe("ip -j rule", () => {
  test.each([
    ["tos", { tos: "0x10", table: "7" }, { tos: 16 }],
    ["ipproto", { ipproto: "tcp", table: "7" }, { protocol: "tcp" }],
    [
      "sport range",
      { sport_start: 1000, sport_end: 2000, table: "7" },
      { sourcePort: { kind: "range", from: 1000, to: 2000 } },
    ],
    ["dport", { dport: 80, table: "7" }, { destinationPort: { kind: "mask", value: 80, mask: 0xffff } }],
    [
      "dport under a mask",
      { dport: 80, dport_mask: "0xf0", table: "7" },
      { destinationPort: { kind: "mask", value: 80, mask: 0xf0 } },
    ],
    ["uidrange", { uid_start: 0, uid_end: 1000, table: "7" }, { uid: { from: 0, to: 1000 } }],
    ["tun_id", { tun_id: 5, table: "7" }, { tunnelId: "5" }],
    ["l3mdev", { l3mdev: null }, { l3mdev: true }],
    ["suppress_prefixlength", { table: "main", suppress_prefixlen: 0 }, { suppressLength: 0 }],
    ["suppress_ifgroup", { table: "main", suppress_ifgroup: "5" }, { suppressGroup: "5" }],
    ["goto", { goto: 200, unresolved: null }, { action: { kind: "goto", priority: 200 } }],
    ["nop", { nop: null }, { action: { kind: "nop" } }],
    ["fwmark as a number", { fwmark: 7, fwmask: 15, table: "7" }, { mark: { value: 7, mask: 15 } }],
    ["a prefix without an address", { src: "0", srclen: 1, table: "7" }, { from: "0.0.0.0/1" }],
    ["realms", { flow_from: "4", flow_to: "5", table: "7" }, { action: { kind: "lookup", table: "7" } }],
    ["protocol", { protocol: "static", table: "7" }, { action: { kind: "lookup", table: "7" } }],
    ["a device that is gone", { iif: "x", iif_detached: null, table: "7" }, { inInterface: "x" }],
  ])("%s is read", (_name, fields, read) => {
    expect(rule(fields)).toMatchObject(read);
    expect(rule(fields)?.unknown).toBeUndefined();
  });

  test.each([
    ["dscp", { dscp: "AF11", dscp_mask: "0x3f", table: "7" }, ["dscp AF11", "dscp_mask 0x3f"]],
    [
      "flowlabel",
      { flowlabel: "0x5", flowlabel_mask: "0xfffff", table: "7" },
      ["flowlabel 0x5", "flowlabel_mask 0xfffff"],
    ],
    ["a TOS by name", { tos: "lowdelay", table: "7" }, ["tos lowdelay"]],
    ["an action of another name", { action: "multicast", table: "7" }, ["action multicast"]],
    ["nat to an address", { nat_gateway: "1.2.3.4", table: "7" }, ["nat_gateway 1.2.3.4"]],
    ["nat", { masquerade: null, table: "7" }, ["masquerade"]],
    ["a host name (ip -r)", { src: "web.example", table: "7" }, ["src web.example"]],
    ["a field that is not known yet", { colour: 3, table: "7" }, ["colour 3"]],
  ])("%s is named", (_name, fields, unknown) => {
    expect(rule(fields)?.unknown).toEqual(unknown);
  });
});

describe("ip -j route", () => {
  test.each([
    ["tos", { tos: "0x10" }, { tos: 16 }],
    ["an IPv6 next hop", { via: { family: "inet6", host: "fe80::1" } }, { family: "ipv4", via: "fe80::1" }],
    ["next hop objects", { nhid: 5, gateway: "10.1.0.9" }, { via: "10.1.0.9" }],
    ["mtu", { metrics: [{ mtu: 1400 }] }, { mtu: 1400 }],
    [
      "metrics",
      {
        metrics: [
          {
            window: 5,
            advmss: 1300,
            hoplimit: 3,
            initcwnd: 10,
            ecn: null,
            rto_min: 5,
            quickack: 1,
            congestion: "reno",
          },
        ],
      },
      {},
    ],
    ["realms", { flow: { from: "5", to: "6" } }, {}],
    [
      "scope, protocol and source",
      { scope: "link", protocol: "kernel", prefsrc: "10.1.0.1" },
      { source: "10.1.0.1" },
    ],
    ["dead", { flags: ["dead", "linkdown"] }, { dead: true, linkDown: true }],
    ["onlink and pervasive", { flags: ["onlink", "pervasive"] }, {}],
    ["expires and pref", { expires: 99, pref: "high" }, {}],
  ])("%s is read", (_name, fields, read) => {
    expect(route(fields)).toEqual([expect.objectContaining(read)]);
    expect(route(fields)).toEqual([expect.not.objectContaining({ unknown: expect.anything() })]);
  });

  test.each([
    ["a type that the kernel no longer has", { type: "nat" }, ["type nat"]],
    ["xresolve", { type: "xresolve" }, ["type xresolve"]],
    ["a next hop that ip does not show", { dev: undefined, nhid: 7 }, ["a next hop that ip does not show"]],
    ["hardware that forwards on its own", { flags: ["offload", "trap"] }, ["flag offload", "flag trap"]],
    [
      "encapsulation",
      { encap: { encap_type: "ip", id: 5, dst: "1.2.3.4" } },
      ['encap {"encap_type":"ip","id":5,"dst":"1.2.3.4"}'],
    ],
    [
      "segment routing",
      { encap: "seg6", mode: "encap", segs: ["fc00::1"] },
      ["encap seg6", "mode encap", 'segs ["fc00::1"]'],
    ],
    ["a metric that is not known yet", { metrics: [{ mtu: 1400, colour: 3 }] }, ["metric colour 3"]],
    ["a field that is not known yet", { colour: 3 }, ["colour 3"]],
  ])("%s is named", (_name, fields, unknown) => {
    expect(route(fields).map((each) => each.unknown)).toEqual([unknown]);
  });

  test.each([
    ["iif", { iif: "e1" }, ["iif e1"]],
    ["mark", { mark: 5 }, ["mark 5"]],
    ["a TOS by name", { tos: "lowdelay" }, ["tos lowdelay"]],
  ])("reports the condition: %s", (_name, fields, onlyFor) => {
    expect(route(fields).map((each) => each.onlyFor)).toEqual([onlyFor]);
  });

  test("each next hop has its own weight, flags and encapsulation", () => {
    const text =
      '[{"dst":"9.7.0.0/16","flags":[],"nexthops":[{"gateway":"10.1.0.9","dev":"e0","weight":3,"flags":["dead","linkdown"]},{"encap":"ip","id":7,"src":"0.0.0.0","dst":"1.2.3.4","ttl":0,"tos":0,"dev":"e1","weight":1,"flags":[]}]}]';
    expect(parseRoutes(parseJson(text))).toMatchObject([
      { dev: "e0", weight: 3, dead: true },
      { dev: "e1", weight: 1, unknown: [expect.stringContaining("1.2.3.4")] },
    ]);
  });

  test("up to iproute2 6.8, keeps the route's destination instead of the duplicate key of its encapsulation", () => {
    const text =
      '[{"dst":"10.5.0.0/16","encap":"ip","id":5,"src":"0.0.0.0","dst":"1.2.3.4","ttl":0,"tos":0,"dev":"e0","scope":"link","flags":[]}]';
    expect(parseRoutes(parseJson(text))).toMatchObject([{ destination: "10.5.0.0/16", dev: "e0" }]);
  });

  test("an IPv6 route can be limited to a source prefix", () => {
    const [read] = parseRoutes([
      { dst: "fd05::/64", from: "fd06::/64", dev: "e1", metric: 1024, flags: [], pref: "medium" },
    ]);
    expect(read).toMatchObject({ family: "ipv6", from: "fd06::/64" });
  });
});

describe("ip -d -j addr", () => {
  // A veth pair and a bridge as `ip -d -j link` of iproute2 6.1.0 printed them.
  const PLAIN = {
    mtu: 1500,
    qdisc: "noqueue",
    linkmode: "DEFAULT",
    group: "default",
    txqlen: 1000,
    link_type: "ether",
    address: "c6:aa:30:27:a2:9b",
    broadcast: "ff:ff:ff:ff:ff:ff",
    promiscuity: 0,
    allmulti: 0,
    min_mtu: 68,
    max_mtu: 65535,
    linkinfo: { info_kind: "veth" },
    inet6_addr_gen_mode: "eui64",
    num_tx_queues: 2,
    num_rx_queues: 2,
    gso_max_size: 65536,
    gso_max_segs: 65535,
    tso_max_size: 524280,
    tso_max_segs: 65535,
    gro_max_size: 65536,
  };
  test("a veth that is up has no unknown properties", () => {
    expect(link(PLAIN)?.unknown).toBeUndefined();
  });

  const port = (data: object) => ({
    master: "br0",
    linkinfo: {
      info_kind: "veth",
      info_slave_kind: "bridge",
      info_slave_data: { state: "forwarding", ...data },
    },
  });
  test.each([
    ["down", { flags: ["BROADCAST", "MULTICAST"], operstate: "DOWN" }, ["it is down"]],
    [
      "no carrier",
      { flags: ["NO-CARRIER", "UP", "M-DOWN"], operstate: "LOWERLAYERDOWN" },
      ["it has no carrier (state LOWERLAYERDOWN)"],
    ],
    [
      "XDP",
      { xdp: { mode: 1, prog: { id: 7, tag: "0f", jited: 1 } } },
      ["an XDP program (id 7) handles its packets first"],
    ],
    ["proto_down", { proto_down: true }, ["proto_down is on"]],
    ["a blocking port", port({ state: "blocking" }), ["its bridge port is blocking"]],
    ["a locked port", port({ locked: true }), ["it is a locked port of its bridge"]],
    [
      "VLAN filtering",
      { linkinfo: { info_kind: "bridge", info_data: { vlan_filtering: 1 } } },
      ["its bridge filters by VLAN (vlan_filtering)"],
    ],
    [
      "a VRF",
      { linkinfo: { info_kind: "vrf", info_data: { table: 10 } } },
      ["it is a VRF: packets are routed by its table"],
    ],
    [
      "ipvlan",
      { linkinfo: { info_kind: "ipvlan", info_data: { mode: "l3" } } },
      ["it is of kind ipvlan, which may handle packets differently"],
    ],
    ["a kind that is not known", { linkinfo: { info_kind: "xfrm" } }, ["it is of kind xfrm"]],
    ["a field that is not known yet", { colour: 3 }, ["colour 3"]],
  ])("%s is named", (_name, fields, unknown) => {
    expect(link({ ...PLAIN, ...fields })?.unknown).toEqual(unknown);
  });

  test.each([
    [
      "a member of a VRF",
      {
        master: "vrf1",
        linkinfo: { info_kind: "veth", info_slave_kind: "vrf", info_slave_data: { table: 10 } },
      },
      { masterKind: "vrf" },
    ],
    [
      "a member of a bond",
      { master: "bond0", linkinfo: { info_slave_kind: "bond" } },
      { masterKind: "bond" },
    ],
    ["an isolated port", port({ isolated: true }), { isolated: true }],
    ["a group", { group: "5" }, { group: "5" }],
    [
      "a bridge that calls iptables by itself",
      { linkinfo: { info_kind: "bridge", info_data: { nf_call_iptables: 1, nf_call_ip6tables: 0 } } },
      { callsRules: { ipv4: true, ipv6: false } },
    ],
  ])("%s is read", (_name, fields, read) => {
    expect(link({ ...PLAIN, ...fields })).toMatchObject(read);
  });
});
