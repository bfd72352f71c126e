import fc from "fast-check";
import { anyAddress, bang, devices, type Pool, portRange, ports, weighted } from "./pool";

type Text = fc.Arbitrary<string>;

/** The position of a rule. It restricts which options iptables allows. */
export interface Standing {
  readonly table: string;
  /** Hooks that may reach the chain. */
  readonly hooks: readonly string[];
  /** Whether the rule is in a base chain. Such a rule cannot match a device that its hook does not have. */
  readonly base: boolean;
}

const flagNames = ["SYN", "ACK", "RST", "FIN", "PSH", "URG"] as const;
const flagSet = fc.subarray([...flagNames], { minLength: 1 }).map((names) => names.join(","));
const tcpFlags = fc
  .tuple(bang, flagSet, fc.option(fc.subarray([...flagNames], { minLength: 1 }), { nil: undefined }))
  .map(([not, mask, set]) => {
    const wanted = (set ?? []).filter((name) => mask.split(",").includes(name)).join(",");
    return `${not}--tcp-flags ${mask} ${wanted === "" ? "NONE" : wanted}`;
  });

const hex = fc.constantFrom("0x1", "0x2", "0x3", "0x4000", "0xff", "0x0");
const masked = weighted([2, hex], [2, fc.tuple(hex, hex).map(([value, mask]) => `${value}/${mask}`)]);
const states = (names: readonly string[]): Text =>
  fc.subarray([...names], { minLength: 1, maxLength: 3 }).map((some) => some.join(","));

// Never negates a value that matches everything: the kernel refuses that.
const option = (name: string, value: Text): Text =>
  fc
    .tuple(bang, value)
    .map(([not, text]) => `${/^(0\.0\.0\.0|::)\/0$|^\+$/.test(text) ? "" : not}${name} ${text}`);
const plain = (name: string, value: Text): Text => value.map((text) => `${name} ${text}`);
const some = (...parts: readonly Text[]): Text =>
  fc
    .tuple(fc.subarray([...parts.keys()], { minLength: 1, maxLength: 2 }), ...parts)
    .map(([chosen, ...texts]) => chosen.map((at) => texts[at] ?? "").join(" "));

function prefix(pool: Pool): Text {
  return weighted(
    [2, fc.constantFrom(...pool.prefixes)],
    [3, anyAddress(pool).map((address) => `${address}/${pool.host}`)],
    [1, anyAddress(pool)],
  );
}

const deviceName: Text = weighted(
  [6, fc.constantFrom<string>(...devices)],
  [1, fc.constantFrom("a+", "+", "nope", "l+", "b+")],
);

/** Generates `-s`, `-d`, `-i` and `-o`, each with some probability. */
export function header(pool: Pool, { hooks, base }: Standing): Text {
  const maybe = (share: number, text: Text): Text =>
    weighted([share, text.map((value) => `${value} `)], [100 - share, fc.constant("")]);
  const input = !base || !hooks.some((hook) => hook === "OUTPUT" || hook === "POSTROUTING");
  const output = !base || !hooks.some((hook) => hook === "PREROUTING" || hook === "INPUT");
  return fc
    .tuple(
      maybe(25, option("-s", prefix(pool))),
      maybe(30, option("-d", prefix(pool))),
      maybe(input ? 20 : 0, option("-i", deviceName)),
      maybe(output ? 20 : 0, option("-o", deviceName)),
    )
    .map((parts) => parts.join(""));
}

/** Generates `-p` and a match of that protocol, or nothing. @returns the text, and the protocol's name. */
export function protocol(pool: Pool): fc.Arbitrary<{ text: string; proto: string }> {
  const icmp = pool.family === "ipv4" ? "icmp" : "ipv6-icmp";
  const of = (proto: string, text: Text): fc.Arbitrary<{ text: string; proto: string }> =>
    text.map((value) => ({ text: `${value} `, proto }));
  // Never negates both: iptables-nft 1.8.9 combines them into one comparison, `not (this source and this destination)`,
  // which nft then lists as two. The loaded rule does not match what its text says.
  const portPair = weighted(
    [2, option("--dport", portRange)],
    [2, option("--sport", portRange)],
    [1, fc.tuple(plain("--dport", portRange), option("--sport", portRange)).map((both) => both.join(" "))],
  );
  const tcp = weighted(
    [3, portPair],
    [1, tcpFlags],
    [1, bang.map((not) => `${not}--syn`)],
    [1, fc.tuple(portPair, tcpFlags).map((both) => both.join(" "))],
  );
  const types =
    pool.family === "ipv4"
      ? fc.constantFrom("8", "0", "3", "3/3", "11", "any", "echo-request", "13")
      : fc.constantFrom("128", "129", "1", "1/4", "3", "echo-request");
  const multi = fc
    .tuple(
      fc.constantFrom("--dports", "--sports", "--ports"),
      bang,
      fc.array(portRange, { minLength: 1, maxLength: 3 }),
    )
    .map(([name, not, list]) => `-m multiport ${not}${name} ${list.join(",")}`);
  return weighted(
    [4, fc.constant({ text: "", proto: "" })],
    [
      4,
      of(
        "tcp",
        tcp.map((text) => `-p tcp -m tcp ${text}`),
      ),
    ],
    [
      3,
      of(
        "udp",
        portPair.map((text) => `-p udp -m udp ${text}`),
      ),
    ],
    [
      2,
      of(
        icmp,
        option(pool.family === "ipv4" ? "-m icmp --icmp-type" : "-m icmp6 --icmpv6-type", types).map(
          fixBang(icmp),
        ),
      ),
    ],
    [
      2,
      of(
        "tcp",
        multi.map((text) => `-p tcp ${text}`),
      ),
    ],
    [
      1,
      of(
        "udp",
        multi.map((text) => `-p udp ${text}`),
      ),
    ],
    [
      1,
      of(
        "sctp",
        portPair.map((text) => `-p sctp -m sctp ${text}`),
      ),
    ],
    [2, of("tcp", fc.constant("-p tcp"))],
    [1, of("", fc.constantFrom("! -p tcp", "! -p udp", `! -p ${icmp}`, "-p 47", "-p esp"))],
  );
}

// Moves the `!` that `option` puts before `-m`, which iptables does not accept.
const fixBang =
  (proto: string) =>
  (text: string): string =>
    text.startsWith("! ")
      ? `-p ${proto} ${text.slice(2).replace(/ (--\S+)/, " ! $1")}`
      : `-p ${proto} ${text}`;

/** Generates one `-m …` match that does not require a protocol. */
export function extension(pool: Pool, standing: Standing, uid: number): Text {
  const { hooks, table } = standing;
  const only = (...allowed: readonly string[]): boolean => hooks.every((hook) => allowed.includes(hook));
  const side = fc.constantFrom("src", "dst");
  const address = anyAddress(pool);
  const conntrack = some(
    option("--ctstate", states(["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT"])),
    option("--ctproto", fc.constantFrom("tcp", "udp", "1")),
    option("--ctorigsrc", prefix(pool)),
    option("--ctorigdst", prefix(pool)),
    option("--ctreplsrc", prefix(pool)),
    option("--ctrepldst", prefix(pool)),
    option("--ctorigdstport", ports.map(String)),
    option("--ctreplsrcport", portRange),
    plain("--ctdir", fc.constantFrom("ORIGINAL", "REPLY")),
    option("--ctstatus", states(["NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED"])),
  );
  // ip6tables accepts fewer types: IPv6 has no broadcast, and the kernel refuses BLACKHOLE and PROHIBIT.
  const types = states(
    pool.family === "ipv4"
      ? ["UNICAST", "LOCAL", "BROADCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT"]
      : ["UNICAST", "LOCAL", "MULTICAST", "ANYCAST", "UNREACHABLE"],
  );
  const addrtype = fc
    .tuple(
      bang,
      side,
      types,
      weighted(
        [5, fc.constant("")],
        [
          1,
          fc.constant(
            only("PREROUTING", "INPUT")
              ? " --limit-iface-in"
              : only("POSTROUTING", "OUTPUT")
                ? " --limit-iface-out"
                : "",
          ),
        ],
      ),
    )
    .map(([not, which, list, limit]) => `-m addrtype ${not}--${which}-type ${list}${limit}`);
  const name = `l${uid}`;
  const rates = fc.tuple(fc.constantFrom("1/hour", "2/hour"), fc.integer({ min: 1, max: 3 }));
  const recent = fc
    .tuple(
      fc.constantFrom("shared", name),
      bang,
      fc.constantFrom(
        "--set",
        "--rcheck",
        "--update",
        "--remove",
        "--rcheck --seconds 900",
        "--update --seconds 900 --hitcount 2",
        "--rcheck --hitcount 3",
      ),
      fc.constantFrom("--rsource", "--rdest"),
    )
    .map(([list, not, what, which]) => `-m recent ${not}${what} --name ${list} ${which}`);
  return weighted(
    // raw runs before conntrack: the packet has no connection yet, or only CT's template.
    [table === "raw" ? 0 : 8, conntrack.map((text) => `-m conntrack ${text}`)],
    [
      2,
      option("-m state --state", states(["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"])).map(
        moveBang,
      ),
    ],
    [3, option("-m mark --mark", masked).map(moveBang)],
    [table === "raw" ? 0 : 3, option("-m connmark --mark", masked).map(moveBang)],
    [3, addrtype],
    [
      2,
      fc
        .tuple(side, bang, fc.constantFrom(...pool.ranges))
        .map(([which, not, range]) => `-m iprange ${not}--${which}-range ${range}`),
    ],
    [
      only("PREROUTING", "INPUT", "FORWARD") ? 1 : 0,
      option("-m mac --mac-source", fc.constantFrom("02:00:00:00:00:0a", "02:00:00:00:0f:01")).map(moveBang),
    ],
    [1, option("-m pkttype --pkt-type", fc.constantFrom("unicast", "broadcast", "multicast")).map(moveBang)],
    [
      1,
      fc
        .tuple(fc.constantFrom("eq", "lt", "gt"), fc.constantFrom(1, 2, 62, 63, 64))
        .map(([how, ttl]) =>
          pool.family === "ipv4" ? `-m ttl --ttl-${how} ${ttl}` : `-m hl --hl-${how} ${ttl}`,
        ),
    ],
    [1, option("-m length --length", fc.constantFrom("0:60", "60", "61:65535", "1000:2000")).map(moveBang)],
    [1, option("-m tos --tos", fc.constantFrom("0x10/0x3f", "0x00", "0x08/0xff")).map(moveBang)],
    [1, option("-m dscp --dscp", fc.constantFrom("0x00", "0x0a", "0x2e")).map(moveBang)],
    [
      2,
      fc
        .tuple(bang, fc.integer({ min: 1, max: 3 }), fc.nat(2))
        .map(([not, every, at]) => `-m statistic --mode nth ${not}--every ${every} --packet ${at % every}`),
    ],
    [
      1,
      option(
        "-m statistic --mode random --probability",
        fc.constantFrom("0.5", "0.25", "0.33333333349", "0", "1"),
      ).map(moveBang2),
    ],
    [1, rates.map(([rate, burst]) => `-m limit --limit ${rate} --limit-burst ${burst}`)],
    [
      1,
      fc
        .tuple(
          rates,
          fc.constantFrom("upto", "above"),
          fc.subarray(["srcip", "dstip", "srcport", "dstport"], { minLength: 1 }),
        )
        .map(
          ([[rate, burst], how, keys]) =>
            `-m hashlimit --hashlimit-${how} ${rate} --hashlimit-burst ${burst} --hashlimit-mode ${keys.join(",")} --hashlimit-name ${bucket(rate, burst, how, keys)}`,
        ),
    ],
    [
      1,
      fc
        .tuple(
          fc.constantFrom("upto", "above"),
          fc.nat(3),
          fc.constantFrom("", " --connlimit-saddr", " --connlimit-daddr"),
        )
        .map(
          ([how, count, key]) =>
            `-m connlimit --connlimit-${how} ${count} --connlimit-mask ${pool.host}${key}`,
        ),
    ],
    [2, recent],
    [
      only("OUTPUT", "POSTROUTING") ? 1 : 0,
      option("-m owner --uid-owner", fc.constantFrom("0", "1000", "0-999")).map(moveBang),
    ],
    [
      table === "raw" || table === "mangle" ? (only("PREROUTING") ? 2 : 0) : 0,
      fc
        .constantFrom("", " --loose", " --validmark", " --accept-local", " --invert")
        .map((more) => `-m rpfilter${more}`),
    ],
    [
      1,
      fc
        .constantFrom("a word", "it's", 'say \\"hi\\"', "-j DROP")
        .map((text) => `-m comment --comment "${text}"`),
    ],
    [table === "raw" ? 0 : 1, address.map((each) => `-m conntrack --ctorigdst ${each}`)],
  );
}

const moveBang = (text: string): string =>
  text.startsWith("! ") ? text.slice(2).replace(/ (--\S+)/, " ! $1") : text;
const moveBang2 = (text: string): string =>
  text.startsWith("! ") ? text.slice(2).replace(/ (--probability)/, " ! $1") : text;

// Rules that name the same hashlimit table share it, and all use the settings of the first one. So the name encodes the
// settings.
function bucket(rate: string, burst: number, how: string, keys: readonly string[]): string {
  return `h${rate.slice(0, 1)}${burst}${how.slice(0, 1)}${keys.map((key) => key.slice(0, 1) + key.slice(3, 4)).join("")}`;
}
