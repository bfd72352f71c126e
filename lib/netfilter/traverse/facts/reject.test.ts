// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.
import { hit, host, one, packet, via } from "../../../../test/netfilter/router";

describe("REJECT", () => {
  test("its RST has the original destination as source, is RELATED, and passes nat POSTROUTING", () => {
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

  test("sends no RST in response to a RST, and no ICMP error in response to an ICMP error", () => {
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

  test("the source of an ICMP error about a forwarded packet depends on the reverse route, and nat is skipped", () => {
    const on = host([
      "-A FORWARD -j REJECT --reject-with icmp-admin-prohibited",
      "nat: -A POSTROUTING -m comment --comment asked",
    ]);
    const [answer] = one(on, packet("udp 10.1.0.9:1 10.2.0.9:2"), via("d0")).caused ?? [];
    expect(answer?.packet).toMatchObject({ src: "10.1.0.1", dst: "10.1.0.9", icmp: { type: 3, code: 13 } });
    expect(answer?.steps.some((step) => step.kind === "rule" && step.table === "nat")).toBe(false);
  });
});
