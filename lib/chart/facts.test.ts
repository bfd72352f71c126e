import { dockerRun, nothing, serviceAdded } from "../../test/pictures/diffs";
import { textsOf } from "../../test/pictures/layout";
import { clusterIp, clusterReply, isolation, outward } from "../../test/pictures/paths";
import { clusterRanges, reverseProxy, wrongRanges } from "../../test/pictures/ranges";
import { addressesPicture } from "./addresses";
import { connectionsPicture } from "./connections";
import { diffPicture } from "./diff";
import { ladderPicture } from "./ladder";

describe("the NAT ladder", () => {
  const { text } = ladderPicture(clusterIp(), { outcome: 1, reply: clusterReply() });

  test("shows the header at every hop of request and reply", () => {
    expect(text.split("\n").slice(1)).toEqual([
      "request:",
      "  client → node1: 10.244.1.2:40112 → 10.96.0.10:80",
      "  node1: nat DNAT, p = 1/3, KUBE-SEP-7RZTLOYD2QXU2LQ4 rule 1",
      "  node1 → node2: 10.244.1.2:40112 → 10.244.2.2:8080",
      "  node2 → web-1: 10.244.1.2:40112 → 10.244.2.2:8080",
      "  web-1: ✓ sees the sender's own address",
      "reply:",
      "  web-1 → node2: 10.244.2.2:8080 → 10.244.1.2:40112",
      "  node2 → node1: 10.244.2.2:8080 → 10.244.1.2:40112",
      "  node1: conntrack source put back, no rule is asked",
      "  node1 → client: 10.96.0.10:80 → 10.244.1.2:40112",
      "  client: the answer comes from 10.96.0.10:80",
    ]);
  });

  test("shows the address that the receiver sees after source NAT", () => {
    expect(ladderPicture(outward()).text).toContain("outside: sees 172.30.0.11:40001, not the sender");
  });

  test("ends where the packet is dropped", () => {
    expect(ladderPicture(isolation()).text).toContain(
      "host1: DROP, dropped by rule 2 of filter DOCKER-ISOLATION-STAGE-2",
    );
  });
});

describe("the addresses", () => {
  test("of disjoint ranges have no overlap", () => {
    expect(addressesPicture(clusterRanges()).text).toContain("5 ranges, none overlaps");
  });

  test("of two ranges are reported with their number", () => {
    const { text } = addressesPicture(wrongRanges());
    expect(text).toContain("host network 10.0.0.0/8 and cluster 10.244.0.0/16 share 65,536 addresses");
    expect(text).toContain("node1 10.244.0.0/20 and node2 10.244.8.0/24 share 256 addresses");
    expect(text).toContain("8 ranges, 2 overlaps");
  });
});

describe("a diff", () => {
  test("shows added, removed and changed objects", () => {
    const { text } = diffPicture(dockerRun());
    expect(text).toContain("docker run -d -p 8080:80 web · 6 added, 1 removed, 2 changed");
    for (const place of dockerRun().places) {
      for (const change of place.changes) {
        expect(text).toContain(change.after ?? change.before);
      }
    }
  });

  test("has all of sixty changes in its text, and draws the first of each kind", () => {
    const picture = diffPicture(serviceAdded());
    expect(picture.text.split("\n").filter((line) => line.startsWith("  + "))).toHaveLength(60);
    expect(textsOf(picture.spec).map((one) => one.text)).toContain("32 more: 32 added");
  });

  test("reports that there are no changes", () => {
    expect(diffPicture(nothing()).text).toContain("nothing changed");
  });

  test("shows the chain of a rule once", () => {
    const change = {
      kind: "rule",
      table: "nat",
      chain: "DOCKER",
      after: "-A DOCKER -i docker0 -j RETURN",
    } as const;
    const { spec } = diffPicture({ places: [{ place: "host1", changes: [change] }] });
    expect(textsOf(spec).map((one) => one.text)).toEqual(
      expect.arrayContaining(["DOCKER", "-i docker0 -j RETURN"]),
    );
  });
});

test("connections through a proxy show both sockets of each, and the added headers", () => {
  const { text } = connectionsPicture(reverseProxy());
  expect(text).toContain("1. client → proxy, TCP: 172.30.0.3:40112 → 172.30.0.4:80");
  expect(text).toContain("2. proxy → web, TCP: 172.30.0.4:51870 → 172.30.0.5:8080");
  expect(text).toContain("+ X-Forwarded-For: 172.30.0.3");
});
