import { hit, host, LOCAL, one, packet, route, via } from "../../../../test/netfilter/router";
import { FRESH, type KernelState, later } from "..";

// Found by the differential fuzzer (test/fuzz).

test("rules with the same hashlimit name use the settings of the first one", () => {
  const on = host([
    "raw: -A U1 -m hashlimit --hashlimit-upto 2/hour --hashlimit-burst 2 --hashlimit-mode srcip --hashlimit-name l4 -j ACCEPT",
    "-A FORWARD -m hashlimit --hashlimit-upto 2/hour --hashlimit-burst 1 --hashlimit-mode dstip --hashlimit-name l4 -j DROP",
  ]);
  let state: KernelState = FRESH;
  const verdicts = [1, 2, 3].map((sport) => {
    const outcome = one(on, packet(`udp 10.1.0.9:${sport} 10.2.0.9:2`), via("d0"), { state });
    state = outcome.state;
    return outcome.verdict;
  });
  expect(verdicts).toEqual(["drop", "drop", "accept"]);
});

test("--icmp-type any matches every message, and no message if negated", () => {
  const rules = [
    "-A FORWARD -p icmp -m icmp ! --icmp-type any -j DROP",
    "-A FORWARD -p icmp -m icmp --icmp-type any -j ACCEPT",
  ];
  expect(one(host(rules), packet("icmp 10.1.0.9 10.2.0.9"), via("d0")).verdict).toBe("accept");
});

test("the sender of a broadcast receives a copy, which passes POSTROUTING first", () => {
  const on = host(["-A INPUT -m pkttype --pkt-type broadcast -m comment --comment copy"], {
    routes: [
      route("10.1.0.0/24", "d0", { source: "10.1.0.1" }),
      route("10.1.0.255/32", "d0", { type: "broadcast", table: "local", source: "10.1.0.1" }),
      route("10.1.0.1/32", "d0", { type: "local", table: "local", source: "10.1.0.1" }),
    ],
  });
  const outcome = one(on, packet("udp 10.1.0.1:68 10.1.0.255:67"), LOCAL);
  expect([outcome.left?.dev, outcome.caused?.length, hit(outcome.caused?.[0] ?? outcome, "copy")]).toEqual([
    "d0",
    1,
    true,
  ]);
});

test("connlimit counts packets without a connection by their addresses, and removes them later", () => {
  const on = host([
    "raw: -A PREROUTING -j NOTRACK",
    "-A FORWARD -m connlimit --connlimit-above 1 --connlimit-mask 32 --connlimit-saddr -j DROP",
  ]);
  let state: KernelState = FRESH;
  for (const sport of [1, 2, 3]) {
    const outcome = one(on, packet(`udp 10.1.0.9:${sport} 10.2.0.9:2`), via("d0"), {
      state: later(state, 1),
    });
    expect(outcome).toMatchObject({ verdict: "accept", certain: true });
    state = outcome.state;
  }
});
