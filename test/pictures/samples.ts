import { addressesPicture } from "../../lib/chart/addresses";
import { connectionsPicture } from "../../lib/chart/connections";
import { diffPicture } from "../../lib/chart/diff";
import { ladderPicture } from "../../lib/chart/ladder";
import type { Picture } from "../../lib/chart/picture";
import { serviceOf, servicePicture } from "../../lib/chart/service";
import { topologyPicture } from "../../lib/chart/topology";
import { traversalPicture } from "../../lib/chart/traversal";
import { dockerRun, nothing, serviceAdded } from "./diffs";
import { tcp } from "./path";
import {
  clusterIp,
  clusterReply,
  counters,
  ENDPOINT_NAMES,
  isolation,
  marked,
  outward,
  publishedPort,
  rejected,
  reply,
  unknown,
} from "./paths";
import { clusterRanges, forwardProxy, reverseProxy, wrongRanges } from "./ranges";
import { manyEndpoints } from "./services";
import { chain, cluster, docker, engines, hub, pair, ring } from "./worlds";

/** One picture of each kind and of each difficult case, by name. */
export function samples(): Readonly<Record<string, () => Picture>> {
  return {
    "traversal-published": () =>
      traversalPicture(publishedPort(), {
        title: "outside → web, port 8080",
        subtitle: "one packet through host1",
        observed: { by: "trace", agreed: 9, total: 9 },
        reply: {
          text: "no nat rule is asked again: the entry turns the source back",
          packet: tcp("172.30.0.11", 8080, "172.30.0.1", 51234),
        },
      }),
    "traversal-isolation": () => traversalPicture(isolation()),
    "traversal-reject": () => traversalPicture(rejected()),
    "traversal-journey": () =>
      traversalPicture(clusterIp(), {
        title: "client → service web (10.96.0.10:80)",
        outcome: 1,
        names: ENDPOINT_NAMES,
        observed: {
          by: "trace",
          agreed: 11,
          total: 12,
          difference: {
            place: "node2",
            predicted: "filter FORWARD policy ACCEPT",
            observed: "filter FORWARD rule 3 DROP",
            explanation: "the rules changed between the snapshot and the packet",
          },
        },
      }),
    "traversal-lost": () =>
      traversalPicture(clusterIp(), {
        title: "client → service web (10.96.0.10:80)",
        outcome: 1,
        names: ENDPOINT_NAMES,
        observed: {
          by: "trace",
          agreed: 12,
          total: 12,
          arrival: {
            confirmed: false,
            text: "did not arrive: last seen coming into node1 by veth-client; dropped by the nft rule in bridge lost forward: meta l4proto tcp drop",
            last: { place: "node1", text: "coming into node1 by veth-client" },
          },
        },
      }),
    "traversal-nobody-listens": () =>
      traversalPicture(reply(), {
        title: "client → web, port 81",
        observed: {
          by: "trace",
          agreed: 3,
          total: 3,
          arrival: {
            confirmed: true,
            refused: { reply: "ICMP port unreachable" },
            text: "arrived in web: nobody listens on 10.244.2.2:81, the kernel replied with ICMP port unreachable",
          },
        },
      }),
    "traversal-unconfirmed": () =>
      traversalPicture(isolation(), {
        observed: {
          by: "trace",
          agreed: 3,
          total: 3,
          arrival: { confirmed: undefined, text: "not confirmed: host1 was not traced" },
        },
      }),
    "traversal-counters": () => traversalPicture(counters()),
    "traversal-many-rules": () => traversalPicture(clusterIp(400), { outcome: 1 }),
    "traversal-outward": () => traversalPicture(outward(), { title: "web → outside, port 80" }),
    "traversal-unknown": () => traversalPicture(unknown()),
    "traversal-marked": () => traversalPicture(marked()),
    "traversal-reply": () => traversalPicture(reply()),
    "ladder-published": () =>
      ladderPicture(publishedPort(), { title: "outside → web, port 8080", reply: reply() }),
    "ladder-journey": () =>
      ladderPicture(clusterIp(), {
        title: "client → service web (10.96.0.10:80)",
        outcome: 1,
        reply: clusterReply(),
        facts: {
          client: "pod · 10.244.1.2",
          node1: "172.30.0.11",
          node2: "172.30.0.12",
          "web-1": "pod · 10.244.2.2",
        },
      }),
    "ladder-outward": () => ladderPicture(outward()),
    "ladder-drop": () => ladderPicture(isolation()),
    "ladder-ipv6": () => ladderPicture(unknown(), { outcome: 1 }),
    "service-counted": () =>
      servicePicture(
        serviceOf(clusterIp(3), {
          name: "web",
          names: {
            "10.244.1.3": "web-0 · node1",
            "10.244.2.2": "web-1 · node2",
            "10.244.2.3": "web-2 · node2",
          },
          counted: { "10.244.1.3:8080": 334, "10.244.2.2:8080": 329, "10.244.2.3:8080": 337 },
        }),
      ),
    "service-rejected": () => servicePicture(serviceOf(rejected(), { name: "empty" })),
    "service-many": () => servicePicture(manyEndpoints()),
    "addresses-cluster": () => addressesPicture(clusterRanges()),
    "addresses-wrong": () => addressesPicture(wrongRanges(), { title: "who owns which addresses" }),
    "connections-reverse": () => connectionsPicture(reverseProxy()),
    "connections-forward": () => connectionsPicture(forwardProxy()),
    "diff-run": () => diffPicture(dockerRun()),
    "diff-service": () => diffPicture(serviceAdded()),
    "diff-nothing": () => diffPicture(nothing()),
    "topology-cluster": () => topologyPicture(cluster()),
    "topology-many": () => topologyPicture(cluster([12, 3])),
    "topology-docker": () => topologyPicture(docker()),
    "topology-pair": () => topologyPicture(pair()),
    "topology-chain": () => topologyPicture(chain()),
    "topology-hub": () => topologyPicture(hub()),
    "topology-ring": () => topologyPicture(ring()),
    "topology-engines": () => topologyPicture(engines()),
  };
}
