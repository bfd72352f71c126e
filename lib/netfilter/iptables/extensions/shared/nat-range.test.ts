import { canonicalRule } from "../../canonical-rule";

const CHAINS = { DNAT: "PREROUTING", REDIRECT: "PREROUTING", SNAT: "POSTROUTING", MASQUERADE: "POSTROUTING" };

function print(rule: string, family: "ipv4" | "ipv6" = "ipv4") {
  const target = /-j (DNAT|REDIRECT|SNAT|MASQUERADE)/.exec(rule)?.[1] ?? "";
  const chain = Object.entries(CHAINS).find(([name]) => name === target)?.[1] ?? "OUTPUT";
  return canonicalRule({ family, variant: "nft", table: "nat", chain, rule });
}

// Loaded with iptables-restore 1.8.9 (legacy and nft), and printed by iptables-save.
test.each([
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-200/http", "10.9.8.7:100-200/80"],
  ["-p udp -j DNAT --to-destination 10.9.8.7:100-200/http", "10.9.8.7:100-200/80"],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-200/http-alt", "10.9.8.7:100-200/8080"],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-200/070", "10.9.8.7:100-200/56"],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-200/80x", "10.9.8.7:100-200/80"],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-200/80/2", "10.9.8.7:100-200/80"],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-100/5", "10.9.8.7:100/5"],
  ["-p tcp -j DNAT --to-destination :100-200/http", ":100-200/80"],
  ["-p udp -j DNAT --to-destination 1.2.3.4:http", "1.2.3.4:80"],
  ["-p tcp -j DNAT --to-destination 1.2.3.4:tftp", "1.2.3.4:69"],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:ftp-data", "10.9.8.7:20"],
  ["-p udp -j REDIRECT --to-ports http", "80"],
  ["-p udp -j MASQUERADE --to-ports http", "80"],
  ["-p tcp -j MASQUERADE --to-ports 1-2/5", "1-2/0"],
  ["-p udp -j SNAT --to-source 1.2.3.4:1-2/5", "1.2.3.4:1-2/0"],
  ["-p udp -j SNAT --to-source 1.2.3.4:1-2/http", "1.2.3.4:1-2/0"],
])("%s is printed as iptables-save does", (rule, value) => {
  expect(print(rule)).toEqual([rule.replace(/\S+$/, value)]);
});

test("an IPv6 address with ports is in brackets", () => {
  const rule = "-p tcp -j DNAT --to-destination [fd00::1]:1-2/http";
  expect(print(rule, "ipv6")).toEqual(["-p tcp -j DNAT --to-destination [fd00::1]:1-2/80"]);
});

test.each([
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-http", '"http" is not a port'],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:http-200", '"http-200" is not a port'],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-ftp-data", '"ftp-data" is not a port'],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100/http", "a base port for one port"],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-200/0", '"0" is not a base port'],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-200/70000", '"70000" is not a base port'],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-200/", '"" is not a port'],
  ["-p tcp -j DNAT --to-destination 10.9.8.7:100-200/http/2", '"http/2" is not a port'],
  ["-p tcp -j SNAT --to-source 1.2.3.4:5-0", 'port range "5-0" is reversed'],
  ["-p tcp -j SNAT --to-source 1.2.3.4:1-2/x", '"x" is not a port'],
  ["-p tcp -j REDIRECT --to-ports 100-200/http", '"100-200/http" has a base port'],
  ["-j DNAT --to-destination 1.2.3.4:80", "ports need a protocol that has ports"],
])("%s is refused, as by iptables-restore", (rule, message) => {
  expect(print(rule)).toEqual({ refused: expect.stringContaining(message) });
});
