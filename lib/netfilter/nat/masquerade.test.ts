import { address, host, link, packet } from "../../../test/netfilter/router";
import type { InterfaceAddress } from "../../inspect/snapshot";
import type { Hook, Host } from "../model";
import { addressWords } from "../routing/address";
import { masqueradeAddress, redirectAddress, type TranslationAddress } from "./masquerade";

const linkLocal = (text: string): InterfaceAddress => ({ ...address(text), scope: "link" });
const router: Host = host([], {
  links: [
    link(1, "lo", "127.0.0.1/8"),
    // Two subnets on one device, and a second address in the first of them.
    {
      ...link(2, "d0"),
      addresses: [
        address("10.1.0.1/24"),
        address("10.1.0.2/24", true),
        address("10.9.0.1/24"),
        address("fd01::1/64"),
        linkLocal("fe80::1/64"),
      ],
    },
    { ...link(3, "six"), addresses: [linkLocal("fe80::3/64"), address("fd03::1/64")] },
    link(4, "bare"),
  ],
});
const is = (text: string): TranslationAddress => ({ kind: "address", address: text });
const NONE: TranslationAddress = { kind: "none" };
const UNKNOWN: TranslationAddress = { kind: "unknown" };

const context = (
  dst: string,
  more: { hook?: Hook; in?: string | undefined; out?: string | undefined; via?: string; on?: Host } = {},
) => ({
  host: more.on ?? router,
  hook: more.hook ?? ("PREROUTING" as const),
  packet: packet(`udp ${dst.includes(":") ? "fd07::7" : "10.7.0.7"} ${dst}`, {
    family: dst.includes(":") ? "ipv6" : "ipv4",
    src: dst.includes(":") ? "fd07::7" : "10.7.0.7",
    dst,
  }),
  dst: addressWords(dst),
  in: "in" in more ? more.in : "d0",
  out: "out" in more ? more.out : "d0",
  ...(more.via === undefined ? {} : { route: { dev: "d0", local: false, via: more.via } }),
});

// nf_nat_redirect_ipv4 and nf_nat_redirect_ipv6 (net/netfilter/nf_nat_redirect.c).
test.each<[string, Parameters<typeof context>, TranslationAddress]>([
  ["loopback for a packet of a local process", ["8.8.8.8", { hook: "OUTPUT" }], is("127.0.0.1")],
  ["loopback for IPv6 too", ["2001:db8::8", { hook: "OUTPUT" }], is("::1")],
  ["the first address of the incoming device", ["8.8.8.8"], is("10.1.0.1")],
  ["its first IPv6 address", ["2001:db8::8"], is("fd01::1")],
  ["its first IPv6 address, whatever its scope", ["2001:db8::8", { in: "six" }], is("fe80::3")],
  ["a link-local address for a link-local destination", ["fe80::99"], is("fe80::1")],
  ["a link-local address for a multicast group of link scope", ["ff02::1"], is("fe80::1")],
  ["nothing for a group of site scope, if the device has no such address", ["ff05::2"], NONE],
  ["nothing for a group of host scope", ["ff01::1"], NONE],
  ["nothing for ::1", ["::1"], NONE],
  ["any address for a group of global scope", ["ff0e::1", { in: "six" }], is("fe80::3")],
  ["nothing if the device has no address", ["8.8.8.8", { in: "bare" }], NONE],
  ["nothing known if the device is unknown", ["8.8.8.8", { in: undefined }], UNKNOWN],
  ["nothing known if the snapshot lacks the device", ["8.8.8.8", { in: "gone0" }], UNKNOWN],
  ["nothing known without links", ["8.8.8.8", { on: { place: "r", rulesets: [] } }], UNKNOWN],
])("REDIRECT uses %s", (_, args, expected) => {
  expect(redirectAddress(context(...args))).toEqual(expected);
});

// nf_nat_masquerade_ipv4 and inet_select_addr (net/ipv4/devinet.c); nf_nat_masquerade_ipv6 and ipv6_dev_get_saddr.
test.each<[string, Parameters<typeof context>, TranslationAddress]>([
  ["the first address of the outgoing device", ["8.8.8.8"], is("10.1.0.1")],
  ["the address in the subnet of the destination", ["10.9.0.7"], is("10.9.0.1")],
  ["the address in the subnet of the next hop", ["8.8.8.8", { via: "10.9.0.254" }], is("10.9.0.1")],
  ["the destination, if the next hop has another family", ["10.9.0.7", { via: "fe80::2" }], is("10.9.0.1")],
  ["the global IPv6 address for a global destination", ["2001:db8::8", { out: "six" }], is("fd03::1")],
  ["nothing known if the snapshot lacks the device", ["8.8.8.8", { out: "gone0" }], UNKNOWN],
  ["nothing known if the device is unknown", ["8.8.8.8", { out: undefined }], UNKNOWN],
  ["nothing known if there is no device at this hook", ["8.8.8.8", { out: "" }], UNKNOWN],
  ["nothing known without links", ["8.8.8.8", { on: { place: "r", rulesets: [] } }], UNKNOWN],
])("MASQUERADE uses %s", (_, args, expected) => {
  expect(masqueradeAddress(context(...args))).toEqual(expected);
});
