import { diffPicture } from "../../lib/chart/diff";
import type { Picture } from "../../lib/chart/picture";
import { topologyPicture } from "../../lib/chart/topology";
import { traversalPicture } from "../../lib/chart/traversal";
import { dockerRun, nothing, serviceAdded } from "./diffs";
import { tcp } from "./path";
import {
  clusterIp,
  ENDPOINT_NAMES,
  isolation,
  marked,
  outward,
  publishedPort,
  rejected,
  reply,
  unknown,
} from "./paths";
import { chain, cluster, docker, engines, hub, pair, ring } from "./worlds";

/** One picture of every kind and every difficult case, by name. */
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
    "traversal-outward": () => traversalPicture(outward(), { title: "web → outside, port 80" }),
    "traversal-unknown": () => traversalPicture(unknown()),
    "traversal-marked": () => traversalPicture(marked()),
    "traversal-reply": () => traversalPicture(reply()),
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
