// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.

import { all, host, one, packet, via } from "../../../../test/netfilter/router";
import { traverse } from "..";

describe("unknown facts", () => {
  test("both results of an opaque match are followed, and a second evaluation has the same result", () => {
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

  test("an opaque match has one outcome if another condition fails in any case", () => {
    const on = host(["-A FORWARD -m string --string x --algo bm --to 65535 -m mark --mark 0x9 -j DROP"]);
    expect(one(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).certain).toBe(true);
  });

  test("both results of a match on an unknown set are followed, a known set is looked up", () => {
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

  test("a traversal with too many outcomes is truncated", () => {
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
