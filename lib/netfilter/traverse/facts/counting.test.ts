// Details of the packet flow that models often get wrong. Each case was measured on kernel 6.18 with iptables 1.8.9 (legacy
// and nft), or is taken from the kernel source.

import { all, host, LOCAL, one, packet, via } from "../../../../test/netfilter/router";
import { FRESH, type KernelState, later } from "..";

describe("statistic, limit, recent and connlimit", () => {
  test("nth: `--every 3 --packet 0` matches the 1st, 4th and 7th packet", () => {
    const on = host(["-A OUTPUT -m statistic --mode nth --every 3 --packet 0 -j DROP"]);
    let state: KernelState = FRESH;
    const dropped: number[] = [];
    for (let count = 1; count <= 7; count++) {
      const outcome = one(on, packet(`udp 10.1.0.1:${count} 8.8.8.8:55`), LOCAL, { state });
      if (outcome.verdict === "drop") dropped.push(count);
      state = outcome.state;
    }
    expect(dropped).toEqual([1, 4, 7]);
  });

  test("two nth conditions of a rule have separate counters, and the second counts only what the first matched", () => {
    const nth = "-m statistic --mode nth --every 2 --packet 0";
    const on = host([`-A OUTPUT ${nth} ${nth} -j DROP`]);
    let state: KernelState = FRESH;
    const dropped: number[] = [];
    for (let count = 1; count <= 8; count++) {
      const outcome = one(on, packet(`udp 10.1.0.1:${count} 8.8.8.8:55`), LOCAL, { state });
      if (outcome.verdict === "drop") dropped.push(count);
      state = outcome.state;
    }
    expect(dropped).toEqual([1, 5]);
  });

  test("random: the probability is rounded to 2^31 like in the kernel", () => {
    const on = host(["-A OUTPUT -m statistic --mode random --probability 0.33333333349 -j DROP"]);
    expect(all(on, packet("udp 10.1.0.1:1 8.8.8.8:55"), LOCAL).map(({ probability }) => probability)).toEqual(
      [
        { numerator: 715827883n, denominator: 2147483648n },
        { numerator: 1431655765n, denominator: 2147483648n },
      ],
    );
  });

  test("limit: the burst matches, then one packet every twenty minutes", () => {
    const on = host(["-A OUTPUT -m limit --limit 3/hour --limit-burst 2 -j ACCEPT", "-A OUTPUT -j DROP"]);
    let state: KernelState = FRESH;
    const verdicts = [0, 0, 0, 1199, 1].map((seconds, at) => {
      const outcome = one(on, packet(`udp 10.1.0.1:${at} 8.8.8.8:55`), LOCAL, {
        state: later(state, seconds),
      });
      state = outcome.state;
      return outcome.verdict;
    });
    expect(verdicts).toEqual(["accept", "accept", "drop", "drop", "accept"]);
  });

  test("recent: the third packet within a minute is dropped, an hour later it is not", () => {
    const on = host([
      "-A INPUT -m recent --update --seconds 60 --hitcount 2 --name R --rsource -j DROP",
      "-A INPUT -m recent --set --name R --rsource -j ACCEPT",
    ]);
    let state: KernelState = FRESH;
    const verdicts = [0, 1, 1, 3600].map((seconds, at) => {
      const outcome = one(on, packet(`udp 10.1.0.9:${at} 10.1.0.1:55`), via("d0"), {
        state: later(state, seconds),
      });
      state = outcome.state;
      return outcome.verdict;
    });
    expect(verdicts).toEqual(["accept", "accept", "drop", "accept"]);
  });

  test("connlimit: counts the connections of one source, including the current one", () => {
    const on = host([
      "-A INPUT -p tcp -m connlimit --connlimit-above 2 --connlimit-mask 32 --connlimit-saddr -j DROP",
    ]);
    let state: KernelState = FRESH;
    const verdicts = [1, 2, 3, 1].map((sport) => {
      const outcome = one(on, packet(`tcp 10.1.0.9:${sport} 10.1.0.1:80`), via("d0"), {
        state: later(state, 1),
      });
      state = outcome.state;
      return outcome.verdict;
    });
    // The rejected connection stays on the list, because the search stops at the first connection, which is before it.
    expect(verdicts).toEqual(["accept", "accept", "drop", "drop"]);
  });
});
