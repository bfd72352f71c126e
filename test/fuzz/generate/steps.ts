import fc from "fast-check";
import type { Packet, TcpFlag } from "../../../lib/netfilter/model";
import type { CaseStep, RouterName } from "../case";
import { anyAddress, devicesOf, type Pool, ports, weighted } from "./pool";

const flags: fc.Arbitrary<readonly TcpFlag[]> = weighted<readonly TcpFlag[]>(
  [6, fc.constant(["SYN"] as const)],
  [2, fc.constant(["ACK"] as const)],
  [1, fc.constant(["PSH", "ACK"] as const)],
  [1, fc.constant(["FIN", "ACK"] as const)],
  [1, fc.constant(["RST"] as const)],
  [1, fc.constant(["SYN", "ACK"] as const)],
  [1, fc.constantFrom<readonly TcpFlag[]>([], ["SYN", "FIN"], ["FIN", "PSH", "URG"])],
);

const small = (values: readonly number[]): fc.Arbitrary<number> => fc.constantFrom(...values);

function transport(pool: Pool): fc.Arbitrary<Partial<Packet> & { protocol: string; body: number }> {
  const icmp = pool.family === "ipv4" ? "icmp" : "ipv6-icmp";
  const echo = pool.family === "ipv4" ? [8, 8, 8, 0, 13, 3, 11] : [128, 128, 128, 129, 1, 3];
  const pair = fc.record({ sport: ports, dport: ports });
  return weighted<Partial<Packet> & { protocol: string; body: number }>(
    [6, fc.tuple(pair, flags).map(([both, tcpFlags]) => ({ protocol: "tcp", ...both, tcpFlags, body: 20 }))],
    [4, pair.map((both) => ({ protocol: "udp", ...both, body: 8 }))],
    [
      2,
      fc
        .tuple(small(echo), small([7, 8]))
        .map(([type, id]) => ({ protocol: icmp, icmp: { type, code: 0, id }, body: 16 })),
    ],
    [1, fc.constantFrom("gre", "esp", "sctp").map((protocol) => ({ protocol, body: 16 }))],
  );
}

function packet(pool: Pool, src: fc.Arbitrary<string>, to = anyAddress(pool)): fc.Arbitrary<Packet> {
  const head = pool.family === "ipv4" ? 20 : 40;
  return (
    fc
      .tuple(
        src,
        to,
        transport(pool),
        small([64, 64, 64, 64, 63, 2, 1]),
        small([0, 0, 0, 0x10, 0x28]),
        small([0, 0, 100, 1200]),
      )
      // A flow from an address to itself is its own reply. Which direction conntrack matches first depends on its hash.
      .filter(([from, dst]) => from !== dst)
      .map(([from, dst, { body, ...rest }, ttl, tos, more]) => ({
        family: pool.family,
        src: from,
        dst,
        ttl,
        tos,
        length: head + body + (rest.protocol === "icmp" || rest.protocol === "ipv6-icmp" ? 0 : more),
        mark: 0,
        ...rest,
      }))
  );
}

function send(pool: Pool): fc.Arbitrary<CaseStep> {
  const router = fc.constantFrom<RouterName>("r1", "r1", "r2");
  return router.chain((at) => {
    const [first, second] = devicesOf[at];
    const near: Readonly<Record<string, readonly string[]>> =
      pool.family === "ipv4"
        ? {
            a0: ["10.1.0.2", "10.1.0.9"],
            x0: ["10.2.0.9", "8.8.8.8"],
            d0: ["10.4.0.10", "10.4.0.11"],
            y0: ["10.5.0.7"],
          }
        : {
            a0: ["fd01::2", "fd01::9"],
            x0: ["fd02::9", "2001:db8::8"],
            d0: ["fd04::10", "fd04::11"],
            y0: ["fd05::7"],
          };
    const outer = fc
      .constantFrom(first, first, second)
      .chain((device) =>
        packet(
          pool,
          weighted<string>(
            [6, fc.constantFrom(...(near[device] ?? []))],
            [
              1,
              fc.constantFrom(
                ...pool.local,
                ...pool.remote,
                ...pool.strange.filter((each) => !each.endsWith("255")),
              ),
            ],
          ),
        ).map((each): CaseStep => ({ kind: "send", at, in: device, packet: each })),
      );
    const own =
      pool.family === "ipv4"
        ? at === "r1"
          ? ["10.1.0.1", "10.2.0.1", "10.3.0.1", "127.0.0.1"]
          : ["10.4.0.1", "10.3.0.2", "127.0.0.1"]
        : at === "r1"
          ? ["fd01::1", "fd02::1", "fd03::1", "::1"]
          : ["fd04::1", "fd03::2", "::1"];
    const inner = fc
      .tuple(
        packet(
          pool,
          fc.constantFrom(...own),
          fc.constantFrom(...pool.local, ...pool.remote, pool.strange[0] ?? ""),
        ),
        small([0, 0, 0, 1, 0x4000]),
      )
      .map(
        ([each, mark]): CaseStep => ({
          kind: "send",
          at,
          packet: { ...each, ttl: 64, mark, owner: { uid: 0, gid: 0 } },
        }),
      );
    return weighted([3, outer], [1, inner]);
  });
}

/** Generates the packets to send: new flows, replies to earlier packets, and repeated packets. */
export function steps(pool: Pool, count: number): fc.Arbitrary<readonly CaseStep[]> {
  const later: fc.Arbitrary<readonly TcpFlag[] | undefined> = fc.option(flags, { nil: undefined });
  return fc.array(
    weighted<CaseStep>(
      [5, send(pool)],
      [
        3,
        fc
          .tuple(
            fc.nat(count),
            weighted<"accepts" | "refuses">([4, fc.constant("accepts")], [1, fc.constant("refuses")]),
          )
          .map(([to, how]) => ({ kind: "answer", to, how })),
      ],
      [
        3,
        fc
          .tuple(fc.nat(count), later)
          .map(([of, some]) => ({ kind: "again", of, ...(some === undefined ? {} : { flags: some }) })),
      ],
    ),
    { minLength: count, maxLength: count },
  );
}
