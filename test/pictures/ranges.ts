import type { AddressRange } from "../../lib/chart/addresses";
import type { ConnectionsView } from "../../lib/chart/connections";

export function clusterRanges(): readonly AddressRange[] {
  return [
    { name: "lab network", cidr: "172.30.0.0/24", kind: "nodes and the outside", used: 4 },
    { name: "cluster", cidr: "10.244.0.0/16", kind: "pods" },
    { name: "node1", cidr: "10.244.1.0/24", kind: "pods of node1", within: "cluster", used: 3 },
    { name: "node2", cidr: "10.244.2.0/24", kind: "pods of node2", within: "cluster", used: 2 },
    { name: "services", cidr: "10.96.0.0/16", kind: "Cluster IPs", used: 1 },
  ];
}

export function wrongRanges(): readonly AddressRange[] {
  return [
    { name: "host network", cidr: "10.0.0.0/8", kind: "the machine's own" },
    { name: "cluster", cidr: "10.244.0.0/16", kind: "pods" },
    { name: "node1", cidr: "10.244.0.0/20", kind: "pods", within: "cluster" },
    { name: "node2", cidr: "10.244.8.0/24", kind: "pods", within: "cluster" },
    {
      name: "node-with-a-rather-long-name-3",
      cidr: "10.244.128.0/28",
      kind: "pods",
      within: "cluster",
      used: 14,
    },
    { name: "v6", cidr: "fd00:10:244::/48", kind: "pods, IPv6" },
    { name: "v6-node1", cidr: "fd00:10:244:1::/64", kind: "pods", within: "v6" },
    { name: "v6-node2", cidr: "fd00:10:244:2::/64", kind: "pods", within: "v6" },
  ];
}

export function reverseProxy(): ConnectionsView {
  return {
    title: "client → proxy → web",
    parties: [
      { name: "client", detail: "172.30.0.3" },
      { name: "proxy", detail: "nginx · 172.30.0.4" },
      { name: "web", detail: "nginx · 172.30.0.5" },
    ],
    connections: [
      {
        from: "client",
        to: "proxy",
        local: { address: "172.30.0.3", port: 40112 },
        remote: { address: "172.30.0.4", port: 80 },
        lines: [{ text: "GET /shop/cart HTTP/1.1" }, { text: "Host: www.example.test" }],
        note: "the client never learns of web",
      },
      {
        from: "proxy",
        to: "web",
        local: { address: "172.30.0.4", port: 51870 },
        remote: { address: "172.30.0.5", port: 8080 },
        lines: [
          { text: "GET /cart HTTP/1.0", added: true },
          { text: "Host: www.example.test" },
          { text: "X-Forwarded-For: 172.30.0.3", added: true },
          { text: "X-Forwarded-Proto: http", added: true },
        ],
        note: "web's peer is the proxy: the client's address is in a header, and only there",
      },
    ],
  };
}

export function forwardProxy(): ConnectionsView {
  return {
    title: "through a forward proxy, with CONNECT",
    connections: [
      {
        from: "client-with-a-rather-long-name",
        to: "host1",
        local: { address: "fd00:10:244:1:aaaa:bbbb:cccc:1002", port: 40112 },
        remote: { address: "fd00:172:30::2", port: 3128 },
        seen: { address: "fd00:172:30::9", port: 61002 },
        protocol: "HTTP CONNECT",
        lines: [{ text: "CONNECT web.example.test:443 HTTP/1.1" }],
        note: "the proxy resolves the name",
      },
      {
        from: "host1",
        to: "load-balancer",
        local: { address: "172.30.0.2", port: 51000 },
        remote: { address: "172.30.0.8", port: 443 },
        protocol: "TLS",
      },
      {
        from: "load-balancer",
        to: "web-0",
        local: { address: "172.30.0.8", port: 51001 },
        remote: { address: "172.30.0.11", port: 8080 },
        state: "refused",
      },
      {
        from: "load-balancer",
        to: "web-1",
        local: { address: "172.30.0.8", port: 51002 },
        remote: { address: "172.30.0.12", port: 8080 },
        lines: [{ text: "PROXY TCP4 172.30.0.3 172.30.0.8 40112 443", added: true }],
      },
    ],
  };
}
