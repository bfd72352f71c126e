import type { ChangeView, DiffView } from "../../lib/chart/diff";

/** `docker run -d -p 8080:80 web` on engine 20.10. */
export function dockerRun(): DiffView {
  return {
    action: "docker run -d -p 8080:80 web",
    places: [
      {
        place: "host1",
        changes: [
          {
            kind: "link",
            after: "veth3c1a9f0 (6) veth, port of docker0, up",
            words: "the host's end of a veth pair; the other is eth0 (5) in the container",
          },
          { kind: "link", before: "docker0 (2) bridge, no carrier", after: "docker0 (2) bridge, up" },
          { kind: "address", after: "fe80::42:acff:fe11:1/64 on veth3c1a9f0" },
          {
            kind: "route",
            before: "172.17.0.0/16 dev docker0 scope link src 172.17.0.1 linkdown",
            after: "172.17.0.0/16 dev docker0 scope link src 172.17.0.1",
          },
          {
            kind: "rule",
            table: "nat",
            chain: "POSTROUTING",
            after: "-s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
            words: "the container that calls its own published port: masquerade",
          },
          {
            kind: "rule",
            table: "nat",
            chain: "DOCKER",
            after: "! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
            words: "not by docker0, TCP to port 8080: send it to 172.17.0.2:80",
          },
          {
            kind: "rule",
            table: "filter",
            chain: "DOCKER",
            after: "-d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
            words: "the published port of this container: accepted",
          },
          {
            kind: "rule",
            table: "filter",
            chain: "DOCKER",
            before: "-d 172.17.0.9/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 81 -j ACCEPT",
          },
          { kind: "listener", after: "tcp 0.0.0.0:8080 docker-proxy" },
        ],
      },
      { place: "outside", changes: [] },
    ],
  };
}

/** A service with twenty endpoints, which is drawn as a collapsed list. */
export function serviceAdded(): DiffView {
  const rules = Array.from({ length: 20 }, (_, i): ChangeView[] => {
    const sep = `KUBE-SEP-${(i * 48_271 + 7).toString(36).toUpperCase().padStart(16, "X")}`;
    return [
      { kind: "chain", table: "nat", chain: sep, after: sep },
      {
        kind: "rule",
        table: "nat",
        chain: "KUBE-SVC-JW3CUVLFMQDRG2NE",
        after: `-m comment --comment "default/web:http -> 10.244.1.${i + 2}:8080" -m statistic --mode random --probability ${(1 / (20 - i)).toFixed(11)} -j ${sep}`,
      },
      {
        kind: "rule",
        table: "nat",
        chain: sep,
        after: `-p tcp -m comment --comment "default/web:http" -m tcp -j DNAT --to-destination 10.244.1.${i + 2}:8080`,
      },
    ];
  });
  return { places: [{ place: "node-with-a-rather-long-name-that-goes-on-and-on-1", changes: rules.flat() }] };
}

export function nothing(): DiffView {
  return { action: "iptables -L", places: [{ place: "host1", changes: [] }] };
}
