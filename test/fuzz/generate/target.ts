import fc from "fast-check";
import type { Standing } from "./match";
import { type Pool, weighted } from "./pool";

type Text = fc.Arbitrary<string>;

const marks = fc
  .tuple(
    fc.constantFrom("--set-xmark", "--set-mark", "--and-mark", "--or-mark", "--xor-mark"),
    fc.constantFrom("0x1", "0x2", "0x4000", "0xff"),
    fc.constantFrom("", "/0x1", "/0x4000", "/0xff"),
  )
  .map(([how, value, mask]) => `-j MARK ${how} ${value}${how.startsWith("--set") ? mask : ""}`);

const connmarks = weighted<string>(
  [1, fc.constantFrom("0x1", "0x2/0x3", "0x4000/0x4000").map((mark) => `-j CONNMARK --set-xmark ${mark}`)],
  [
    1,
    fc
      .constantFrom(
        "--save-mark",
        "--restore-mark",
        "--save-mark --nfmask 0xff --ctmask 0xff",
        "--restore-mark --nfmask 0x1 --ctmask 0x3",
      )
      .map((how) => `-j CONNMARK ${how}`),
  ],
);

/** Generates a target that iptables allows for a rule in this position. */
export function target(pool: Pool, standing: Standing, proto: string, chains: readonly string[]): Text {
  const { table, hooks } = standing;
  const only = (...allowed: readonly string[]): boolean => hooks.every((hook) => allowed.includes(hook));
  const when = (condition: boolean, weight: number): number => (condition ? weight : 0);
  const ipv4 = pool.family === "ipv4";
  const ported = proto === "tcp" || proto === "udp";
  const port = weighted<string>(
    [2, fc.constant("")],
    [ported ? 2 : 0, fc.constantFrom(":8080", ":30000-30003", ":22")],
  );
  const extra = weighted<string>(
    [6, fc.constant("")],
    [1, fc.constant(" --persistent")],
    [1, fc.constant(" --random")],
  );
  const to = fc
    .tuple(
      weighted<string>([3, fc.constantFrom(...pool.targets)], [1, fc.constantFrom(...pool.targetRanges)]),
      port,
      extra,
    )
    .map(([address, end, more]) => `${end === "" ? address.replace(/[[\]]/g, "") : address}${end}${more}`);
  const onlyPort = fc.constantFrom(" --to-ports 8080", " --to-ports 40000-40003", "");
  const toPorts = ported ? onlyPort : fc.constant("");
  const rejects = ipv4
    ? ["icmp-port-unreachable", "icmp-host-prohibited", "icmp-admin-prohibited", "icmp-net-unreachable"]
    : ["icmp6-port-unreachable", "icmp6-adm-prohibited", "icmp6-no-route"];
  const dnat = table === "nat" && only("PREROUTING", "OUTPUT");
  const snat = table === "nat" && only("POSTROUTING", "INPUT");
  const mangle = table === "mangle";
  return weighted<string>(
    [3, fc.constant("-j ACCEPT")],
    [when(table !== "nat", 1), fc.constant("-j DROP")],
    [2, fc.constant("-j RETURN")],
    [3, fc.constant("")],
    [
      chains.length > 0 ? 3 : 0,
      fc.constantFrom(...(chains.length > 0 ? chains : [""])).map((chain) => `-j ${chain}`),
    ],
    [
      chains.length > 0 ? 2 : 0,
      fc.constantFrom(...(chains.length > 0 ? chains : [""])).map((chain) => `-g ${chain}`),
    ],
    [1, fc.constantFrom('-j LOG --log-prefix "x: "', "-j NFLOG --nflog-group 3", "-j LOG")],
    [
      when(table === "filter" && only("INPUT", "FORWARD", "OUTPUT"), 3),
      fc.constantFrom("", ...rejects).map((how) => `-j REJECT${how === "" ? "" : ` --reject-with ${how}`}`),
    ],
    [
      when(table === "filter" && proto === "tcp" && only("INPUT", "FORWARD", "OUTPUT"), 3),
      fc.constant("-j REJECT --reject-with tcp-reset"),
    ],
    [when(dnat, 12), to.map((where) => `-j DNAT --to-destination ${where}`)],
    [when(dnat, 2), toPorts.map((where) => `-j REDIRECT${where}`)],
    [when(snat, 8), to.map((where) => `-j SNAT --to-source ${where}`)],
    [
      when(snat && only("POSTROUTING"), 6),
      fc
        .tuple(toPorts, weighted<string>([5, fc.constant("")], [1, fc.constant(" --random")]))
        .map((parts) => `-j MASQUERADE${parts.join("")}`),
    ],
    [when(dnat || snat, 2), fc.constantFrom(...pool.nets).map((net) => `-j NETMAP --to ${net}`)],
    [3, marks],
    [when(table !== "raw", 2), connmarks],
    [
      when(table === "raw", 3),
      fc.constantFrom(
        "-j CT --notrack",
        "-j NOTRACK",
        "-j CT --zone 3",
        "-j CT --zone-orig 4",
        "-j CT --zone-reply 5",
      ),
    ],
    [
      when(mangle, 2),
      fc
        .constantFrom("--set-tos 0x10/0x3f", "--set-tos 0x08", "--or-tos 0x04", "--and-tos 0xf0")
        .map((how) => `-j TOS ${how}`),
    ],
    [
      when(mangle, 1),
      fc.constantFrom("--set-dscp 0x0a", "--set-dscp-class EF").map((how) => `-j DSCP ${how}`),
    ],
    [
      when(mangle, 2),
      fc
        .constantFrom("set 5", "dec 1", "inc 1", "set 1")
        .map((how) => (ipv4 ? `-j TTL --ttl-${how}` : `-j HL --hl-${how}`)),
    ],
    [when(mangle && only("POSTROUTING", "OUTPUT"), 1), fc.constant("-j CHECKSUM --checksum-fill")],
    [when(mangle && only("POSTROUTING", "OUTPUT", "FORWARD"), 1), fc.constant("-j CLASSIFY --set-class 1:1")],
  );
}
