import type { ServiceView } from "../../lib/chart/service";

/** Forty endpoints with IPv6 addresses and long names. */
export function manyEndpoints(): ServiceView {
  return {
    name: "web-with-a-long-name",
    address: "[fd00:10:96::a]:80",
    chains: [
      { chain: "KUBE-SERVICES", says: "-d fd00:10:96::a/128 -p tcp --dport 80" },
      { chain: "KUBE-EXT-JW3CUVLFMQDRG2NE", says: "every packet" },
      { chain: "KUBE-SVC-JW3CUVLFMQDRG2NE", says: "web:http, 40 endpoints" },
    ],
    endpoints: Array.from({ length: 40 }, (_, i) => ({
      address: `[fd00:10:244:${i}:aaaa:bbbb:cccc:${i + 2}]:8080`,
      chain: `KUBE-SEP-${(i * 48_271 + 7).toString(36).toUpperCase().padStart(16, "X")}`,
      name: `web-with-a-long-name-${i} · node${i % 3}`,
      probability: { numerator: 1n, denominator: 40n },
      condition: i === 39 ? "the rest" : `1/${40 - i} of the rest`,
      counted: 20 + ((i * 7) % 11),
    })),
  };
}
