// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.

import { all, hit, LOCAL, link, one, via } from "../../../../test/netfilter/router";
import type { Route } from "../../../inspect/snapshot";
import { parseRuleset } from "../../iptables";
import type { Host, Packet } from "../../model";

describe("IPv6", () => {
  const six = (dst: string, more: Partial<Packet> = {}): Packet => ({
    family: "ipv6",
    src: "fd01::2",
    dst,
    protocol: "udp",
    sport: 1,
    dport: 2,
    ttl: 64,
    tos: 0,
    length: 60,
    mark: 0,
    ...more,
  });
  // The kernel lists the newest address first.
  const on: Host = {
    place: "router",
    rulesets: [],
    links: [link(1, "lo", "::1/128"), link(2, "a0", "fd01::5/64", "fd01::1/64"), link(3, "b0", "fd03::1/64")],
    routes: ["fd01::/64 a0", "fd03::/64 b0"].map((text): Route => {
      const [destination = "", dev = ""] = text.split(" ");
      return { family: "ipv6", destination, type: "unicast", table: "main", dev };
    }),
    sysctls: { "net.ipv6.conf.all.forwarding": "1" },
  };

  test.each([
    ["fd04::1", true, "no route leads there"],
    ["fd05::1", true, "a route refuses it"],
    ["fd03::1:2", false, "a route leads there"],
    ["ff05::7", false, "the route of all multicast is a route"],
  ])("%s is of type UNREACHABLE: %s, since %s", (dst, unreachable) => {
    const rule = "*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -m addrtype --dst-type UNREACHABLE\nCOMMIT\n";
    const more: readonly Route[] = [
      { family: "ipv6", destination: "fd05::/64", type: "prohibit", table: "main", dev: "lo" },
      { family: "ipv6", destination: "ff00::/8", type: "multicast", table: "local", dev: "b0" },
    ];
    const asked: Host = {
      ...on,
      rulesets: [parseRuleset(rule, { family: "ipv6" })],
      routes: [...(on.routes ?? []), ...more],
    };
    const outcomes = all(asked, six(dst), via("a0"));
    expect(outcomes.map((outcome) => hit(outcome, "--dst-type UNREACHABLE"))).toContain(unreachable);
    expect(outcomes.map((outcome) => hit(outcome, "--dst-type UNREACHABLE"))).not.toContain(!unreachable);
  });

  const withRule = (rule: string, ...more: readonly Route[]): Host => ({
    ...on,
    rulesets: [
      {
        ...parseRuleset(`*raw\n:PREROUTING ACCEPT [0:0]\n${rule}\nCOMMIT\n`, { family: "ipv6" }),
        variant: "nft",
      },
    ],
    routes: [...(on.routes ?? []), ...more],
  });

  test.each([
    ["UNREACHABLE", "fd03::9", true, "its route leaves by another device"],
    ["LOCAL,UNREACHABLE", "fd03::1", true, "it is an address of another device"],
    ["LOCAL", "fd01::1", true, "it is an address of this device"],
    ["LOCAL", "fd03::1", false, "it is an address of another device"],
    ["UNREACHABLE", "fd01::9", false, "a route of this device leads there"],
    ["UNICAST,UNREACHABLE", "fd01::9", false, "together with UNREACHABLE, UNICAST only excludes addresses"],
  ])("limited to the incoming device, the type %s of %s is %s: %s (found by the fuzzer)", (type, dst, is) => {
    const rule = `-A PREROUTING -m addrtype --dst-type ${type} --limit-iface-in`;
    expect(hit(one(withRule(rule), six(dst), via("a0")), "addrtype")).toBe(is);
  });

  test("rpfilter --accept-local accepts an address of the host on any device (found by the fuzzer)", () => {
    const from = six("fd03::9", { src: "fd03::1" });
    const rule = "-A PREROUTING -m rpfilter";
    expect(hit(one(withRule(`${rule} --accept-local`), from, via("a0")), "rpfilter")).toBe(true);
    expect(hit(one(withRule(rule), from, via("a0")), "rpfilter")).toBe(false);
  });

  test("the first address of a router's subnet is anycast and delivered to the router (found by the fuzzer)", () => {
    const anycast: Route = {
      family: "ipv6",
      destination: "fd03::/128",
      type: "anycast",
      table: "local",
      dev: "b0",
    };
    const own: Host = { ...on, routes: [...(on.routes ?? []), anycast] };
    expect(one(own, six("fd03::"), via("a0")).delivered).toBe(true);
  });

  test("no ICMPv6 error is sent about a packet in a multicast frame, even after DNAT (found by the fuzzer)", () => {
    expect(one(on, six("fd04::1", { pktType: "multicast" }), via("a0")).caused).toBeUndefined();
  });

  test.each([
    ["ff02::1", "drop"],
    ["ff0e::5", "accept"],
    ["fd04::1", "accept"],
  ])("REDIRECT of %s on a device without link-local address: %s (found by the fuzzer)", (dst, verdict) => {
    const rule = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j REDIRECT\nCOMMIT\n";
    const redirects: Host = {
      ...on,
      rulesets: [{ ...parseRuleset(rule, { family: "ipv6" }), variant: "nft" }],
    };
    expect(one(redirects, six(dst), via("a0")).verdict).toBe(verdict);
  });

  test("an ICMPv6 error has the newest address of the incoming interface", () => {
    expect(one(on, six("fd04::1"), via("a0")).caused?.[0]?.packet).toMatchObject({
      src: "fd01::5",
      dst: "fd01::2",
      icmp: { type: 1, code: 0 },
    });
  });

  test("an error to ::1 has the source ::1 (found by the fuzzer)", () => {
    const refuses: Host = {
      ...on,
      rulesets: [
        {
          ...parseRuleset("*filter\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p udp -j REJECT\nCOMMIT\n", {
            family: "ipv6",
          }),
          variant: "nft",
        },
      ],
    };
    const [error] = one(refuses, six("fd01::9", { src: "::1" }), LOCAL).caused ?? [];
    expect(error?.packet).toMatchObject({ src: "::1", dst: "::1" });
  });

  test("a loopback address on another device than lo is dropped before any rule", () => {
    expect(one(on, six("::1"), via("a0"))).toMatchObject({ verdict: "drop" });
  });

  test("forwarding depends on the sysctl of `all`, and the hop limit is decremented", () => {
    expect(one(on, six("fd03::9"), via("a0")).left?.dev).toBe("b0");
    expect(one({ ...on, sysctls: {} }, six("fd03::9"), via("a0")).verdict).toBe("drop");
    expect(one(on, six("fd03::9", { ttl: 1 }), via("a0")).caused?.[0]?.packet.icmp?.type).toBe(3);
  });
});
