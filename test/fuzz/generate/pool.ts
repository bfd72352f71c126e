import fc from "fast-check";

type Weighted<T> = readonly (readonly [weight: number, arbitrary: fc.Arbitrary<T>])[];

/** Chooses one of several arbitraries by weight. */
export function weighted<T>(...choices: Weighted<T>): fc.Arbitrary<T> {
  return fc.oneof(...choices.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

/** `! ` in one of five cases. */
export const bang = weighted<string>([4, fc.constant("")], [1, fc.constant("! ")]);

/** Addresses of one family: some are configured in the rig, others are not. */
export interface Pool {
  readonly family: "ipv4" | "ipv6";
  readonly local: readonly string[];
  readonly remote: readonly string[];
  readonly strange: readonly string[];
  readonly prefixes: readonly string[];
  readonly host: 32 | 128;
  readonly ranges: readonly string[];
  /** Destinations for NAT, in brackets if a port could follow. */
  readonly targets: readonly string[];
  readonly targetRanges: readonly string[];
  readonly nets: readonly string[];
}

export const ipv4: Pool = {
  family: "ipv4",
  local: ["10.1.0.1", "10.1.0.5", "10.2.0.1", "10.3.0.1", "10.3.0.2", "10.4.0.1", "10.5.0.1", "172.30.0.1"],
  remote: [
    "10.1.0.2",
    "10.1.0.9",
    "10.2.0.9",
    "10.4.0.10",
    "10.4.0.11",
    "10.5.0.7",
    "172.30.0.41",
    "8.8.8.8",
  ],
  strange: ["127.0.0.1", "127.0.0.5", "10.1.0.255", "224.0.0.1", "255.255.255.255", "10.66.0.1", "10.67.0.1"],
  prefixes: [
    "10.1.0.0/24",
    "10.4.0.0/16",
    "10.0.0.0/8",
    "172.30.0.0/16",
    "0.0.0.0/0",
    "127.0.0.0/8",
    "10.0.0.2/255.0.0.255",
  ],
  host: 32,
  ranges: ["10.1.0.2-10.1.0.9", "10.4.0.0-10.5.0.7", "8.0.0.0-9.0.0.0"],
  targets: [
    "10.4.0.10",
    "10.1.0.9",
    "10.3.0.2",
    "10.2.0.9",
    "172.30.0.1",
    "10.1.0.1",
    "127.0.0.1",
    "10.5.0.7",
  ],
  targetRanges: ["10.4.0.10-10.4.0.13", "10.1.0.8-10.1.0.9", "10.5.0.7-10.5.0.7"],
  nets: ["10.4.0.0/24", "10.5.0.0/28", "10.4.0.10/32"],
};

export const ipv6: Pool = {
  family: "ipv6",
  local: ["fd01::1", "fd01::5", "fd02::1", "fd03::1", "fd03::2", "fd04::1", "fd05::1", "fdaa::1"],
  remote: ["fd01::2", "fd01::9", "fd02::9", "fd04::10", "fd04::11", "fd05::7", "fdaa::41", "2001:db8::8"],
  strange: ["::1", "ff02::1", "ff0e::5", "fd66::1", "fd67::1"],
  prefixes: ["fd01::/64", "fd04::/16", "fd00::/8", "fdaa::/64", "::/0", "2001:db8::/32"],
  host: 128,
  ranges: ["fd01::2-fd01::9", "fd04::-fd05::7"],
  targets: ["[fd04::10]", "[fd01::9]", "[fd03::2]", "[fd02::9]", "[fdaa::1]", "[fd05::7]"],
  targetRanges: ["[fd04::10-fd04::13]", "[fd01::8-fd01::9]"],
  nets: ["fd04::/64", "fd05::/124"],
};

export const devices = ["a0", "b0", "x0", "c0", "d0", "y0", "lo"] as const;

/** Devices of both routers. The peer of b0 is c0. */
export const devicesOf = { r1: ["a0", "x0", "b0"], r2: ["d0", "y0", "c0"] } as const;

export const ports = fc.constantFrom(53, 80, 80, 8080, 30000, 40000);

export const portRange = weighted(
  [3, ports.map(String)],
  [1, fc.tuple(ports, ports).map(([a, b]) => `${Math.min(a, b)}:${Math.max(a, b) + 1}`)],
);

export function anyAddress(pool: Pool): fc.Arbitrary<string> {
  return weighted(
    [3, fc.constantFrom(...pool.local)],
    [5, fc.constantFrom(...pool.remote)],
    [1, fc.constantFrom(...pool.strange)],
  );
}
