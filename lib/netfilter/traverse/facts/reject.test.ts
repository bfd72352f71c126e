// What most models get wrong: each case was measured on kernel 6.18 with iptables 1.8.9, legacy and nft, or is told by
// the kernel's source.
import { hit, host, one, packet, via } from "../../../../test/netfilter/router";

describe("REJECT", () => {
  test("its RST comes from the original destination, is RELATED, and asks nat POSTROUTING", () => {
    const on = host([
      "-A INPUT -p tcp -j REJECT --reject-with tcp-reset",
      "-A OUTPUT -m conntrack --ctstate RELATED -m comment --comment related",
      "nat: -A POSTROUTING -m comment --comment asked",
    ]);
    const outcome = one(on, packet("tcp 10.1.0.9:1 10.1.0.1:99"), via("d0"));
    const [answer] = outcome.caused ?? [];
    expect(outcome.verdict).toBe("reject");
    expect(answer?.packet).toMatchObject({ src: "10.1.0.1", dst: "10.1.0.9", tcpFlags: ["RST", "ACK"] });
    expect([hit(answer ?? outcome, "related"), hit(answer ?? outcome, "asked")]).toEqual([true, true]);
  });

  test("a RST is not answered with a RST, and an ICMP error with none", () => {
    const on = host([
      "-A INPUT -p tcp -j REJECT --reject-with tcp-reset",
      "-A INPUT -j REJECT --reject-with icmp-port-unreachable",
    ]);
    expect(
      one(on, packet("tcp 10.1.0.9:1 10.1.0.1:99", { tcpFlags: ["RST"] }), via("d0")).caused,
    ).toBeUndefined();
    const error = packet("icmp 10.1.0.9 10.1.0.1", {
      icmp: { type: 3, code: 3, about: packet("udp 10.1.0.1:1 10.1.0.9:2") },
    });
    expect(one(on, error, via("d0")).caused).toBeUndefined();
  });

  test("the ICMP error of a forwarded packet comes from the way back, and nat is not asked", () => {
    const on = host([
      "-A FORWARD -j REJECT --reject-with icmp-admin-prohibited",
      "nat: -A POSTROUTING -m comment --comment asked",
    ]);
    const [answer] = one(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).caused ?? [];
    expect(answer?.packet).toMatchObject({ src: "10.1.0.1", dst: "10.1.0.9", icmp: { type: 3, code: 13 } });
    expect(answer?.steps.some((step) => step.kind === "rule" && step.table === "nat")).toBe(false);
  });
});
