// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.

import { hit, hooksOf, host, LOCAL, one, packet, rulesOf, via } from "../../../../test/netfilter/router";

describe("chains", () => {
  test("after a goto, the end of the chain returns to the caller of the chain with the goto", () => {
    const on = host([
      "-A OUTPUT -p udp -m udp --dport 54 -j A1",
      "-A OUTPUT -m comment --comment after-jump",
      "-A A1 -g B1",
      "-A A1 -m comment --comment after-goto",
      "-A B1 -m comment --comment in-B",
    ]);
    const outcome = one(on, packet("udp 10.1.0.1:1 8.8.8.8:54", {}), LOCAL);
    expect([hit(outcome, "in-B"), hit(outcome, "after-goto"), hit(outcome, "after-jump")]).toEqual([
      true,
      false,
      true,
    ]);
  });

  test("OUTPUT has no incoming interface: -i never matches, ! -i always does", () => {
    const on = host([
      "-A OUTPUT -j I1",
      "-A I1 ! -i lo -m comment --comment not-lo",
      "-A I1 -i lo -m comment --comment is-lo",
    ]);
    const outcome = one(on, packet("udp 10.1.0.1:1 8.8.8.8:56"), LOCAL);
    expect([hit(outcome, "not-lo"), hit(outcome, "is-lo")]).toEqual([true, false]);
  });

  test("the counter of a match does not change if a previous match fails", () => {
    const on = host([
      "-A OUTPUT -p udp -m udp --dport 99 -m statistic --mode nth --every 2 --packet 0 -j DROP",
      "-A OUTPUT -p udp -m statistic --mode nth --every 2 --packet 0 -j DROP",
    ]);
    const first = one(on, packet("udp 10.1.0.1:1 8.8.8.8:55"), LOCAL);
    expect(first.verdict).toBe("drop");
    expect(one(on, packet("udp 10.1.0.1:1 8.8.8.8:99"), LOCAL, { state: first.state }).verdict).toBe("drop");
  });

  test("RETURN in a base chain applies the policy, after ACCEPT the next table runs, DROP is final", () => {
    expect(
      rulesOf(
        one(
          host(["mangle: -A FORWARD -j ACCEPT", "-A FORWARD -j RETURN", "-A FORWARD -j DROP"]),
          packet("udp 10.1.0.9:1 10.2.0.9:2"),
          via("d0"),
        ),
      ),
    ).toEqual(["-A FORWARD -j ACCEPT", "-A FORWARD -j RETURN"]);
    expect(
      hooksOf(one(host(["mangle: -A PREROUTING -j DROP"]), packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0"))),
    ).toBe("PREROUTING");
  });

  test("a later fragment matches neither a plain nor a negated port match", () => {
    const on = host(["-A FORWARD -p udp -m udp ! --dport 9 -j DROP", "-A FORWARD -f -j ACCEPT"]);
    expect(
      rulesOf(
        one(on, packet("udp 10.1.0.9:1 10.2.0.9:2", { fragment: { offset: 185, more: false } }), via("d0")),
      ),
    ).toEqual(["-A FORWARD -f -j ACCEPT"]);
  });
});
