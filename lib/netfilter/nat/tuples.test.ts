import { readFileSync } from "node:fs";
import { join } from "node:path";
import { address, LOCAL, link, route } from "../../../test/netfilter/router";
import { parseRuleset } from "../iptables";
import type { Family, Host, Packet } from "../model";
import { canonical } from "../routing/address";
import { FRESH, type KernelState, traverse } from "../traverse";

/** One direction of a conntrack entry. */
interface Tuple {
  readonly src: string;
  readonly dst: string;
  readonly sport: number;
  readonly dport: number;
}

/** One rule, and the entries that it created for datagrams sent one after another. See golden/README.md. */
interface Case {
  readonly family: Family;
  readonly chain: string;
  readonly rule: string;
  readonly tuples: readonly { readonly original: Tuple; readonly reply: Tuple }[];
}

// The kernel prints all digits of an IPv6 address.
const cases: readonly Case[] = JSON.parse(
  readFileSync(join(__dirname, "golden", "tuples.json"), "utf8"),
  (key, value) => (key === "src" || key === "dst" ? canonical(String(value)) : value),
);

const addresses = ["10.1.0.1/16", "10.1.0.2/16", "10.1.0.77/16", "fd01::1/32", "fd01::2/32", "fd01::7:7/32"];

function hostWith({ family, chain, rule }: Case): Host {
  const chains = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"].map((name) => `:${name} ACCEPT [0:0]`);
  const text = ["*nat", ...chains, `-A ${chain} ${rule}`, "COMMIT", ""].join("\n");
  return {
    place: "router",
    rulesets: [parseRuleset(text, { family })],
    links: [
      link(1, "lo", "127.0.0.1/8"),
      { ...link(2, "d0"), addresses: addresses.map((each, at) => address(each, at === 1 || at === 2)) },
    ],
    routes: [
      route("10.1.0.0/16", "d0", { source: "10.1.0.1" }),
      route("0.0.0.0/0", "d0", { via: "10.1.255.254" }),
      route("fd01::/32", "d0", { family: "ipv6" }),
      route("::/0", "d0", { family: "ipv6", via: "fd01::ffff" }),
    ],
    sysctls: {},
  };
}

const datagram = (family: Family, tuple: Tuple): Packet => ({
  family,
  ...tuple,
  protocol: "udp",
  ttl: 64,
  tos: 0,
  length: family === "ipv4" ? 29 : 49,
  mark: 0,
  owner: { uid: 0, gid: 0 },
});

describe("a NAT rule chooses the address and port that the kernel chose", () => {
  test.each(cases)("$family $chain $rule", (each) => {
    const host = hostWith(each);
    let state: KernelState = FRESH;
    for (const { original, reply } of each.tuples) {
      const { outcomes } = traverse(host, datagram(each.family, original), { from: LOCAL, state });
      const entries = outcomes.map((outcome) => ({
        outcome,
        entry: outcome.state.conntrack
          .connections()
          .find(
            ({ original: { src, dst, sport, dport } }) =>
              src === original.src &&
              dst === original.dst &&
              sport === original.sport &&
              dport === original.dport,
          ),
      }));
      // A port that the kernel draws at random is unknown to the model, or one of several outcomes.
      const agreeing = entries.find(({ entry }) => {
        const found = entry && { sport: reply.sport, dport: reply.dport, ...entry.reply };
        return found !== undefined && JSON.stringify(pick(found)) === JSON.stringify(pick(reply));
      });
      expect(agreeing?.entry ?? entries.map(({ entry }) => entry?.reply)).toMatchObject({
        reply: { src: reply.src, dst: reply.dst },
      });
      // The packet leaves with the addresses and ports to which the reply will be sent.
      const left = agreeing?.outcome.packet;
      expect({ src: left?.src, dst: left?.dst, dport: left?.dport }).toEqual({
        src: reply.dst,
        dst: reply.src,
        dport: reply.sport,
      });
      if (left?.sport !== undefined) expect(left.sport).toBe(reply.dport);
      state = agreeing?.outcome.state ?? state;
    }
  });
});

const pick = ({ src, dst, sport, dport }: Tuple): Tuple => ({ src, dst, sport, dport });
