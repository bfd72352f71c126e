// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.
import { all, hit, host, packet, route, via } from "../../../../test/netfilter/router";

describe("addresses", () => {
  test.each([
    ["127.0.0.5", "LOCAL"],
    ["10.1.0.1", "LOCAL"],
    ["10.1.0.255", "BROADCAST"],
    ["255.255.255.255", "BROADCAST"],
    ["224.0.0.1", "MULTICAST"],
    ["10.1.0.9", "UNICAST"],
    ["203.0.113.9", "UNICAST"],
  ])("%s is only %s, even with a blackhole route", (dst, type) => {
    const types = ["LOCAL", "BROADCAST", "MULTICAST", "UNICAST", "BLACKHOLE"];
    const on = host(
      types.map(
        (name) => `mangle: -A PREROUTING -m addrtype --dst-type ${name} -m comment --comment ${name}`,
      ),
      { routes: [...(host([]).routes ?? []), route("203.0.113.0/24", "lo", { type: "blackhole" })] },
    );
    const outcome = all(on, packet(`udp 10.1.0.9:1 ${dst}:58`), via("d0"))[0];
    expect(types.filter((name) => outcome !== undefined && hit(outcome, `--dst-type ${name}`))).toEqual([
      type,
    ]);
  });
});
