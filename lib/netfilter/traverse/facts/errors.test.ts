// What most models get wrong: each case was measured on kernel 6.18 with iptables 1.8.9, legacy and nft, or is told by
// the kernel's source.

import { host, one, packet, route, via } from "../../../../test/netfilter/router";
import type { PolicyRule } from "../../../inspect/snapshot";

describe("errors that the kernel sends", () => {
  const lookup = (priority: number, table: string, from?: string): PolicyRule => ({
    family: "ipv4",
    priority,
    ...(from === undefined ? {} : { from }),
    inverted: false,
    action: { kind: "lookup", table },
  });

  test("their way is looked up before they have a source: a policy rule for that source does not see them", () => {
    const on = host([], {
      policyRules: [lookup(0, "local"), lookup(1002, "100", "10.1.0.0/24"), lookup(32766, "main")],
      routes: [
        route("10.1.0.0/24", "d0", { source: "10.1.0.1" }),
        route("0.0.0.0/0", "d1", { table: "100", via: "10.2.0.9" }),
      ],
    });
    const [error] = one(on, packet("udp 10.1.0.9:1 8.8.8.8:2", { ttl: 1 }), via("d0")).caused ?? [];
    const routed = error?.steps.find((step) => step.kind === "routing");
    expect([error?.packet.src, routed?.kind === "routing" ? routed.out : undefined]).toEqual([
      "10.1.0.1",
      "d0",
    ]);
  });

  test("to a loopback address they come from 127.0.0.1", () => {
    const on = host([], {
      sysctls: { "net.ipv4.ip_forward": "1", "net.ipv4.conf.d0.route_localnet": "1" },
      routes: [route("10.1.0.0/24", "d0")],
    });
    expect(one(on, packet("udp 127.0.0.5:1 172.30.0.41:80"), via("d0")).caused?.[0]?.packet).toMatchObject({
      src: "127.0.0.1",
      dst: "127.0.0.5",
      icmp: { code: 0 },
    });
  });
});
