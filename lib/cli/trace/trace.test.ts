import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTrace, wantsColour } from "./trace";

const RULES = `*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:WEB - [0:0]
-A PREROUTING -d 172.30.0.41/32 -p tcp -m tcp --dport 80 -j WEB
-A POSTROUTING -o eth1 -j MASQUERADE
-A WEB -p tcp -m statistic --mode random --probability 0.33333333349 -j DNAT --to-destination 10.1.0.1:8080
-A WEB -p tcp -m statistic --mode random --probability 0.50000000000 -j DNAT --to-destination 10.1.0.2:8080
-A WEB -p tcp -j DNAT --to-destination 10.1.0.3:8080
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -p tcp -m tcp --dport 22 -m addrtype --dst-type LOCAL -j REJECT --reject-with tcp-reset
-A FORWARD -p tcp -m tcp --dport 8080 -j ACCEPT
-A FORWARD -m string --string x --algo bm --to 65535 -j ACCEPT
COMMIT
`;
const address = (local: string, prefixlen: number, scope = "global") => ({
  family: "inet",
  local,
  prefixlen,
  scope,
});
const ADDRESSES = [
  {
    ifindex: 1,
    ifname: "lo",
    flags: ["LOOPBACK", "UP"],
    mtu: 65536,
    link_type: "loopback",
    addr_info: [address("127.0.0.1", 8, "host")],
  },
  {
    ifindex: 2,
    ifname: "eth0",
    flags: ["UP"],
    mtu: 1500,
    link_type: "ether",
    addr_info: [address("192.0.2.1", 24)],
  },
  {
    ifindex: 3,
    ifname: "eth1",
    flags: ["UP"],
    mtu: 1500,
    link_type: "ether",
    addr_info: [address("10.1.0.254", 24)],
  },
];
const ROUTES = [
  { dst: "default", gateway: "192.0.2.254", dev: "eth0", flags: [] },
  { dst: "10.1.0.0/24", dev: "eth1", protocol: "kernel", scope: "link", prefsrc: "10.1.0.254", flags: [] },
  { dst: "192.0.2.0/24", dev: "eth0", protocol: "kernel", scope: "link", prefsrc: "192.0.2.1", flags: [] },
];

let folder = "";
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wirebook-trace-"));
  writeFileSync(file("rules"), RULES);
  writeFileSync(file("addresses"), JSON.stringify(ADDRESSES));
  writeFileSync(file("routes"), JSON.stringify(ROUTES));
  writeFileSync(file("broken"), "*filter\n:INPUT DROP [0:0]\n-A INPUT -j ACC");
  writeFileSync(
    file("third-party"),
    "*filter\n:INPUT DROP [0:0]\n-A INPUT -m geoip --src-cc DE -j ACCEPT\nCOMMIT\n",
  );
  writeFileSync(file("not-json"), "eth0: up");
});
afterAll(() => rmSync(folder, { recursive: true }));

function trace(...args: string[]): { code: number; out: string; error: string } {
  const told = { out: "", error: "" };
  const code = runTrace(args, {
    out: (text) => {
      told.out += text;
    },
    error: (text) => {
      told.error += text;
    },
    colour: false,
  });
  return { code, ...told };
}

const host = (): string[] => [
  "--rules",
  file("rules"),
  "--addresses",
  file("addresses"),
  "--routes",
  file("routes"),
  "--sysctl",
  "net.ipv4.ip_forward=1",
];
const web = ["--src", "203.0.113.9", "--dst", "172.30.0.41", "--proto", "tcp", "--dport", "80"];

describe("wirebook trace", () => {
  test("a random match gives one outcome per branch, with its probability", () => {
    const { code, out } = trace(...host(), "--in", "eth0", ...web, "--json");
    const { outcomes } = JSON.parse(out);
    expect(code).toBe(0);
    expect(outcomes.map((each: { packet: { dst: string } }) => each.packet.dst)).toEqual([
      "10.1.0.1",
      "10.1.0.2",
      "10.1.0.3",
    ]);
    const [first] = outcomes;
    expect(first).toMatchObject({
      certain: true,
      verdict: "accept",
      packet: { src: "10.1.0.254", dport: 8080, mark: 0 },
    });
    expect(
      outcomes.reduce((sum: number, each: { probability: number }) => sum + each.probability, 0),
    ).toBeCloseTo(1, 12);
    expect(first.steps).toEqual([
      {
        hook: "PREROUTING",
        table: "nat",
        chain: "PREROUTING",
        rule: "-A PREROUTING -d 172.30.0.41/32 -p tcp -m tcp --dport 80 -j WEB",
        line: 6,
        effect: "jump WEB",
      },
      {
        hook: "PREROUTING",
        table: "nat",
        chain: "WEB",
        rule: expect.stringContaining("10.1.0.1:8080"),
        line: 8,
        effect: "dnat to 10.1.0.1:8080",
      },
      {
        hook: "FORWARD",
        table: "filter",
        chain: "FORWARD",
        rule: "-A FORWARD -p tcp -m tcp --dport 8080 -j ACCEPT",
        line: 17,
        effect: "accept",
      },
      {
        hook: "POSTROUTING",
        table: "nat",
        chain: "POSTROUTING",
        rule: "-A POSTROUTING -o eth1 -j MASQUERADE",
        line: 7,
        effect: "masquerade",
      },
    ]);
  });

  test("an unknown match gives an outcome for each branch, and both name the match", () => {
    const { out } = trace(
      ...host(),
      "--in",
      "eth0",
      "--src",
      "203.0.113.9",
      "--dst",
      "10.1.0.7",
      "--proto",
      "udp",
      "--dport",
      "9",
      "--json",
    );
    const { outcomes } = JSON.parse(out);
    expect(
      outcomes.map(({ verdict, certain }: { verdict: string; certain: boolean }) => ({ verdict, certain })),
    ).toEqual([
      { verdict: "accept", certain: false },
      { verdict: "drop", certain: false },
    ]);
    expect(outcomes[0].dependsOn[0]).toContain("string");
  });

  test("without addresses and routes the destination may be the host or not", () => {
    const { out } = trace(
      "--rules",
      file("rules"),
      "--in",
      "eth0",
      "--src",
      "203.0.113.9",
      "--dst",
      "192.0.2.1",
      "--proto",
      "tcp",
      "--dport",
      "22",
      "--json",
    );
    const { outcomes } = JSON.parse(out);
    expect(outcomes.every(({ certain }: { certain: boolean }) => !certain)).toBe(true);
    const verdicts = outcomes.map(({ verdict }: { verdict: string }) => verdict);
    expect(verdicts).toContain("reject");
    expect(verdicts).toContain("drop");
  });

  test("the address that MASQUERADE chooses is not guessed", () => {
    const { out } = trace(
      "--rules",
      file("rules"),
      "--routes",
      file("routes"),
      "--in",
      "eth0",
      "--state",
      "NEW",
      "--src",
      "203.0.113.9",
      "--dst",
      "10.1.0.7",
      "--proto",
      "tcp",
      "--dport",
      "8080",
      "--json",
    );
    const { outcomes } = JSON.parse(out);
    const forwarded = outcomes.filter(
      ({ verdict, steps }: { verdict: string; steps: { hook: string }[] }) =>
        verdict === "accept" && steps.some(({ hook }) => hook === "FORWARD"),
    );
    expect(forwarded.length).toBe(1);
    expect(forwarded[0]).toMatchObject({ certain: false, packet: { src: "unknown" } });
  });

  test("reads rules, addresses, routes, sysctls and connections from a snapshot", () => {
    const table = (variant: string, rule: string) => ({
      family: "ipv4",
      variant,
      text: `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rule}\nCOMMIT\n`,
    });
    const snapshot = {
      place: "node1",
      links: [
        {
          ifindex: 2,
          name: "eth0",
          kind: "ether",
          mtu: 1500,
          up: true,
          operState: "UP",
          addresses: [
            { family: "ipv4", address: "192.0.2.1", prefixLength: 24, scope: "global", secondary: false },
          ],
        },
      ],
      routes: [{ family: "ipv4", destination: "0.0.0.0/0", type: "unicast", table: "main", dev: "eth0" }],
      sysctls: { "net.ipv4.ip_forward": "0" },
      iptables: [table("legacy", "-A INPUT -p udp -j ACCEPT"), table("nft", "-A INPUT -p udp -j DROP")],
    };
    writeFileSync(file("snapshot"), JSON.stringify(snapshot));
    const to = (dst: string) =>
      trace(
        "--snapshot",
        file("snapshot"),
        "--in",
        "eth0",
        "--src",
        "192.0.2.9",
        "--dst",
        dst,
        "--proto",
        "udp",
        "--dport",
        "9",
        "--json",
      );
    const [outcome] = JSON.parse(to("192.0.2.1").out).outcomes;
    expect(outcome.verdict).toBe("drop");
    expect(outcome.steps.map(({ rule }: { rule: string }) => rule)).toEqual([
      "-A INPUT -p udp -j ACCEPT",
      "-A INPUT -p udp -j DROP",
    ]);
    expect(JSON.parse(to("192.0.2.1").out).warnings[0]).toContain("both legacy and nf_tables");
    expect(JSON.parse(to("10.9.9.9").out).outcomes[0].path.at(-1).text).toContain("forwarding is off");
  });

  test("prints hooks, the matching rule, the changes and the verdict", () => {
    const { out } = trace(...host(), "--in", "eth0", ...web);
    for (const words of [
      "PREROUTING",
      "✓ -A WEB",
      "dst 172.30.0.41:80 → 10.1.0.1:8080",
      "Path 1 of 3",
      "ACCEPT leaves by eth1",
    ])
      expect(out).toContain(words);
    expect(out).not.toContain("\u001b[");
  });

  test.each([
    ["no rules", ["--in", "eth0"], "--rules FILE"],
    ["neither --in nor --local", [], "--in INTERFACE"],
    ["both --in and --local", ["--in", "eth0", "--local"], "give one of --in"],
    ["an interface that the host does not have", ["--in", "eth9"], "lo, eth0, eth1"],
    ["a port for ICMP", ["--in", "eth0", "--proto", "icmp"], "no ports"],
    ["an invalid port", ["--in", "eth0", "--dport", "70000"], "65535"],
    ["an invalid address", ["--in", "eth0", "--src", "10.0.0.300"], "address"],
    ["addresses of two families", ["--in", "eth0", "--src", "fd00::1"], "address families"],
    ["an unknown state", ["--in", "eth0", "--state", "OLD"], "NEW"],
    ["an unknown option", ["--in", "eth0", "--colour"], "unknown option"],
    ["an invalid interface name", ["--in", ""], "1 to 15 characters"],
    ["a user with --in", ["--in", "eth0", "--uid", "0"], "--local"],
    ["a MAC address with --local", ["--local", "--mac", "02:00:00:00:00:01"], "--in INTERFACE"],
    ["an invalid MAC address", ["--in", "eth0", "--mac", "02:00"], "six pairs"],
    ["standard input twice", ["--in", "eth0", "--rules", "-", "--after", "-"], "only once"],
  ])("%s: exit code 2 and advice", (name, args, words) => {
    const rules = name === "no rules" ? [] : host();
    const { code, error } = trace(...rules, ...web, ...args);
    expect(error).toContain(words);
    expect(code).toBe(2);
  });

  test("swapped files of addresses and routes: exit code 1", () => {
    const { code, error } = trace(
      "--rules",
      file("rules"),
      "--addresses",
      file("routes"),
      "--in",
      "eth0",
      ...web,
    );
    expect(error).toContain('the output of `ip -j addr`: a list of objects with "ifname"');
    expect(code).toBe(1);
  });

  test("ignores rules of the other address family, but fails if there are no others", () => {
    const six =
      "# Generated by ip6tables-save v1.8.9 on X\n*filter\n-A FORWARD -s fd00::1/128 -j DROP\nCOMMIT\n";
    writeFileSync(file("rules6"), six);
    const alone = trace("--rules", file("rules6"), "--in", "eth0", ...web);
    expect(alone.error).toContain("the header says that these are ipv6 rules, but the packet is ipv4");
    expect(alone.code).toBe(2);
    const beside = trace("--rules", file("rules6"), ...host(), "--in", "eth0", ...web);
    expect(beside).toEqual(trace(...host(), "--in", "eth0", ...web));
    expect(beside.code).toBe(0);
  });

  test("reports a third-party match and follows both branches", () => {
    const { code, error, out } = trace("--rules", file("third-party"), "--in", "eth0", ...web, "--json");
    expect(code).toBe(0);
    expect(error).toContain('third-party:3:13: no match is named "geoip"');
    const { outcomes }: { outcomes: { verdict: string; dependsOn: string[]; steps: { hook: string }[] }[] } =
      JSON.parse(out);
    const asked = outcomes.filter(({ steps }) => steps.some(({ hook }) => hook === "INPUT"));
    expect(new Set(asked.map(({ verdict }) => verdict))).toEqual(new Set(["accept", "drop"]));
    expect(asked.every(({ dependsOn }) => dependsOn.some((text) => text.includes("geoip")))).toBe(true);
  });

  test.each([
    ["a missing file of rules", () => ["--rules", file("none")], "none"],
    ["truncated rules", () => ["--rules", file("broken")], "COMMIT"],
    [
      "addresses that are not JSON",
      () => ["--rules", file("rules"), "--addresses", file("not-json")],
      "ip -j addr",
    ],
    ["a file that is not a snapshot", () => ["--snapshot", file("routes")], "snapshot"],
  ])("%s: exit code 1", (_name, args, words) => {
    const { code, error } = trace(...args(), ...web, "--in", "eth0");
    expect(error).toContain(words);
    expect(code).toBe(1);
  });

  describe("counters before and after", () => {
    /** Rules of FORWARD as `iptables-save -c` prints them, with the given packet counters. */
    const counted = (known: number, mail: number, web: number): string => `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
[${known}:0] -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
[${mail}:0] -A FORWARD -p tcp -m tcp --dport 25 -j DROP
[${web}:0] -A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT
COMMIT
`;
    const forwarded = [
      "--in",
      "eth0",
      "--src",
      "192.0.2.9",
      "--dst",
      "10.1.0.1",
      "--proto",
      "tcp",
      "--dport",
      "80",
    ];
    const told = (after: string, more: readonly string[], quiet?: string) => {
      writeFileSync(file("before"), counted(7, 7, 7));
      writeFileSync(file("after"), after);
      if (quiet !== undefined) writeFileSync(file("quiet"), quiet);
      const rules = ["--rules", file("before"), "--addresses", file("addresses"), "--routes", file("routes")];
      rules.push("--sysctl", "net.ipv4.ip_forward=1");
      const around = ["--after", file("after"), ...(quiet === undefined ? [] : ["--quiet", file("quiet")])];
      return trace(...rules, ...forwarded, ...around, ...more);
    };
    const said = (...parts: Parameters<typeof told>) => {
      const { counters } = JSON.parse(told(parts[0], [...parts[1], "--json"], parts[2]).out);
      return [counters.agrees, ...counters.rules.map(({ says }: { says: string }) => says)];
    };
    const quiet = counted(7, 7, 7);

    test.each([
      [
        "the counters grew by the packets sent; replies are expected",
        counted(99, 7, 17),
        ["--sent", "10"],
        quiet,
        [true, "agrees", "agrees"],
      ],
      [
        "a counter grew by less than was sent",
        counted(99, 7, 16),
        ["--sent", "10"],
        quiet,
        [false, "agrees", "differs"],
      ],
      [
        "a counter grew by less than was sent: differs with any other traffic",
        counted(99, 7, 16),
        ["--sent", "10"],
        undefined,
        [false, "agrees", "differs"],
      ],
      [
        "the counter of a rule grew that should not match",
        counted(99, 17, 17),
        ["--sent", "10"],
        quiet,
        [false, "differs", "agrees"],
      ],
      [
        "other traffic counts as much",
        counted(99, 27, 27),
        ["--sent", "10"],
        counted(0, 0, 0),
        [null, "unsure", "unsure"],
      ],
      [
        "other traffic is unknown",
        counted(99, 17, 17),
        ["--sent", "10"],
        undefined,
        [null, "unsure", "unsure"],
      ],
    ] as const)("%s", (_name, after, more, before, verdicts) => {
      expect(said(after, more, before)).toEqual(verdicts);
    });

    test("prints one line per rule in the terminal", () => {
      const { out } = told(counted(9, 7, 8), [], quiet);
      expect(out).toContain("counters: agree with the path\n");
      expect(out).toContain(
        "✓ filter FORWARD rule 3 (-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT) grew by 1 packet,",
      );
    });

    test("rejects a dump without counters, and --sent and --quiet without --after", () => {
      const bare = told(
        counted(0, 0, 0)
          .replaceAll(/\[0:0\] /g, "")
          .replaceAll(/ \[0:0\]/g, ""),
        [],
      );
      expect([bare.code, bare.error]).toEqual([1, expect.stringContaining("iptables-save -c")]);
      const lone = trace(...host(), ...web, "--in", "eth0", "--sent", "3");
      expect([lone.code, lone.error]).toEqual([2, expect.stringContaining("--after FILE")]);
    });
  });

  test("prints colours only to a terminal that supports them", () => {
    expect(wantsColour({ isTTY: true }, {})).toBe(true);
    expect(wantsColour({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
    expect(wantsColour({ isTTY: false }, {})).toBe(false);
  });
});
