// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.

import { host, one, packet, route, via } from "../../../../test/netfilter/router";
import type { PolicyRule } from "../../../inspect/snapshot";

describe("ICMP errors", () => {
  const lookup = (priority: number, table: string, from?: string): PolicyRule => ({
    family: "ipv4",
    priority,
    ...(from === undefined ? {} : { from }),
    inverted: false,
    action: { kind: "lookup", table },
  });

  test("are routed before their source is chosen, so that a policy rule with that source does not match", () => {
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

  test("have the source 127.0.0.1 if they are sent to a loopback address", () => {
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
