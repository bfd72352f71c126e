// What most models get wrong: each case was measured on kernel 6.18 with iptables 1.8.9, legacy and nft, or is told by
// the kernel's source.

import { all, host, one, packet, via } from "../../../../test/netfilter/router";
import { traverse } from "..";

describe("what is not known", () => {
  test("an opaque match is followed both ways, and asked again it has the same answer", () => {
    const on = host([
      "-A FORWARD -m string --string x --algo bm --to 65535 -j ACCEPT",
      "-A FORWARD -m string --string x --algo bm --to 65535 -j ACCEPT",
      "-A FORWARD -j DROP",
    ]);
    expect(
      all(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).map(({ verdict, certain }) => [
        verdict,
        certain,
      ]),
    ).toEqual([
      ["accept", false],
      ["drop", false],
    ]);
  });

  test("it makes no fork where another condition fails in any case", () => {
    const on = host(["-A FORWARD -m string --string x --algo bm --to 65535 -m mark --mark 0x9 -j DROP"]);
    expect(one(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).certain).toBe(true);
  });

  test("a set without contents is followed both ways, one with contents is asked", () => {
    const rules = ["-A FORWARD -m set --match-set bad src -j DROP"];
    expect(
      all(host(rules), packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).map(({ verdict }) => verdict),
    ).toEqual(["drop", "accept"]);
    expect(
      one(
        host(rules, { sets: { bad: ["10.1.0.0/28", "10.1.0.9 nomatch"] } }),
        packet("udp 10.1.0.9:1 10.2.0.9:2"),
        via("d0"),
      ).verdict,
    ).toBe("accept");
    expect(
      one(
        host(rules, { sets: { bad: ["10.1.0.0/28 timeout 30"] } }),
        packet("udp 10.1.0.9:1 10.2.0.9:2"),
        via("d0"),
      ).verdict,
    ).toBe("drop");
  });

  test("a tree that grows too large is cut, and says so", () => {
    const on = host(
      Array.from(
        { length: 12 },
        (_, at) => `-A FORWARD -m string --string ${at} --algo bm --to 65535 -j LOG`,
      ),
    );
    const traversal = traverse(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), { from: via("d0"), maxOutcomes: 50 });
    expect([traversal.truncated, traversal.outcomes.length, traversal.outcomes[50]?.verdict]).toEqual([
      true,
      51,
      "unknown",
    ]);
  });
});
