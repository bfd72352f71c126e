import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseRuleset } from "../iptables";
import { groupPackets } from "./read/packets";
import { parseTrace } from "./read/reader";

// Six connections through a router, recorded on a kernel.
const folder = join(__dirname, "golden", "six-connections");
const read = (name: string): string => readFileSync(join(folder, name), "utf8");

describe("the recorded six connections", () => {
  for (const name of ["nft-monitor-trace.txt", "xtables-monitor.nft.txt"]) {
    const { events, unread } = parseTrace(read(name));
    const packets = groupPackets(events);

    test(`${name}: every line is parsed`, () => {
      expect(unread).toEqual([]);
      expect(events).toHaveLength(348);
    });

    test(`${name}: thirty packets pass their hooks in order`, () => {
      const hookSequences = new Map<string, number>();
      for (const { visits } of packets) {
        const sequence = [...new Set(visits.map(({ hook }) => hook))].join(" ");
        hookSequences.set(sequence, (hookSequences.get(sequence) ?? 0) + 1);
      }
      // The counters show 22 packets in PREROUTING, 8 in INPUT, 14 in FORWARD (4 of them dropped) and 9 in OUTPUT. The last
      // one in OUTPUT was not traced, because the monitor had ended.
      expect(Object.fromEntries(hookSequences)).toEqual({
        "PREROUTING FORWARD": 4,
        "PREROUTING FORWARD POSTROUTING": 10,
        "PREROUTING INPUT": 8,
        "OUTPUT POSTROUTING": 8,
      });
    });
  }

  test("each rule has as many events as it counted packets", () => {
    const { events } = parseTrace(read("xtables-monitor.nft.txt"));
    const counted = parseRuleset(read("rules-after-counters.nft.txt"), { family: "ipv4" });
    const seen = new Map<string, number>();
    for (const event of events) {
      if (event.kind !== "rule" || event.handle === undefined) continue;
      const key = `${event.table} ${event.chain}`;
      seen.set(`${key} ${event.handle}`, (seen.get(`${key} ${event.handle}`) ?? 0) + 1);
    }
    for (const [table, { chains }] of counted.tables) {
      for (const [chain, { rules }] of chains) {
        const handles = [...seen.keys()]
          .filter((key) => key.startsWith(`${table} ${chain} `))
          .sort((a, b) => Number(a.split(" ")[2]) - Number(b.split(" ")[2]));
        const hits = rules.filter(({ counters }) => counters !== undefined && counters.packets > 0);
        expect({ table, chain, hits: handles.map((key) => seen.get(key)) }).toEqual({
          table,
          chain,
          hits: hits.map(({ counters }) => counters?.packets),
        });
      }
    }
  });
});
