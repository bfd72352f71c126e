import type { Picture } from "../../lib/chart/picture";
import { traversalPicture } from "../../lib/chart/traversal";
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
  };
}
