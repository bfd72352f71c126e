import type { Family } from "../../model";

// Names from `nft describe icmp type`, `icmp code`, `icmpv6 type` and `icmpv6 code` of nftables 1.0.6. nft prints the
// name of a code regardless of the type: code 0 of an echo request is "net-unreachable".
const types: Readonly<Record<Family, Readonly<Record<string, number>>>> = {
  ipv4: {
    "echo-reply": 0,
    "destination-unreachable": 3,
    "source-quench": 4,
    redirect: 5,
    "echo-request": 8,
    "router-advertisement": 9,
    "router-solicitation": 10,
    "time-exceeded": 11,
    "parameter-problem": 12,
    "timestamp-request": 13,
    "timestamp-reply": 14,
    "info-request": 15,
    "info-reply": 16,
    "address-mask-request": 17,
    "address-mask-reply": 18,
  },
  ipv6: {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "parameter-problem": 4,
    "echo-request": 128,
    "echo-reply": 129,
    "mld-listener-query": 130,
    "mld-listener-report": 131,
    "mld-listener-done": 132,
    "mld-listener-reduction": 132,
    "nd-router-solicit": 133,
    "nd-router-advert": 134,
    "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136,
    "nd-redirect": 137,
    "router-renumbering": 138,
    "ind-neighbor-solicit": 141,
    "ind-neighbor-advert": 142,
    "mld2-listener-report": 143,
  },
};

const codes: Readonly<Record<Family, Readonly<Record<string, number>>>> = {
  ipv4: {
    "net-unreachable": 0,
    "host-unreachable": 1,
    "prot-unreachable": 2,
    "port-unreachable": 3,
    "frag-needed": 4,
    "net-prohibited": 9,
    "host-prohibited": 10,
    "admin-prohibited": 13,
  },
  ipv6: {
    "no-route": 0,
    "admin-prohibited": 1,
    "addr-unreachable": 3,
    "port-unreachable": 4,
    "policy-fail": 5,
    "reject-route": 6,
  },
};

/** Parses an ICMP type that nft printed as a name or number. */
export function icmpType(family: Family, text: string): number {
  return types[family][text] ?? Number(text);
}

/** Parses an ICMP code that nft printed as a name or number. */
export function icmpCode(family: Family, text: string): number {
  return codes[family][text] ?? Number(text);
}
