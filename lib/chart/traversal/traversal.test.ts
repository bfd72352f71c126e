import { textsOf } from "../../../test/pictures/layout";
import {
  clusterIp,
  counters,
  isolation,
  marked,
  publishedPort,
  rejected,
  unknown,
} from "../../../test/pictures/paths";
import type { Outcome, Traversal } from "../../netfilter/model";
import { traversalPicture } from "./index";
import { chanceText, ruleText, unmatchedText } from "./phrases";
import { visitsOf } from "./row";
import { stationSequence } from "./stations";

const drawn = (traversal: Traversal) => textsOf(traversalPicture(traversal).spec).map((text) => text.text);

function first(traversal: Traversal): Outcome {
  const [outcome] = traversal.outcomes;
  if (outcome === undefined) throw new Error("no outcome");
  return outcome;
}

const paths: readonly (readonly [string, Traversal])[] = [
  ["a published port", publishedPort()],
  ["an isolated network", isolation()],
  ["a service without endpoints", rejected()],
  ["a Cluster IP over two nodes", clusterIp()],
  ["an unknown match", unknown()],
  ["a hairpin with marks", marked()],
];

describe.each(paths)("the traversal of %s", (_, traversal) => {
  const picture = traversalPicture(traversal);

  test("has every evaluated rule and every header in its text", () => {
    for (const step of first(traversal).steps) {
      if (step.kind === "rule") expect(picture.text).toContain(ruleText(step.rule));
      if ("rule" in step) {
        for (const unmatched of step.unmatched.slice(0, 40)) {
          expect(picture.text).toContain(ruleText(unmatched.rule));
          expect(picture.text).toContain(unmatched.reason);
        }
      }
      expect(picture.text).toContain(step.after.src);
      expect(picture.text).toContain(step.after.dst);
    }
  });

  test("shows the description of each deciding rule", () => {
    const all = drawn(traversal).join(" ");
    for (const step of first(traversal).steps) {
      if (step.kind !== "rule") continue;
      // A jump into a chain that returned is folded.
      if (step.rule.action.kind !== "jump") expect(all).toContain(step.words.slice(0, 12));
    }
  });
});

describe("rules that did not match", () => {
  test("are folded into a count, with the names of chains that returned", () => {
    expect(drawn(publishedPort())).toContain(
      "DOCKER-USER, DOCKER-ISOLATION-STAGE-1: returned; 2 rules tried, not matched",
    );
  });

  test("show the reason if it is only one", () => {
    expect(drawn(publishedPort())).toContain("1 rule tried: came in by eth0, not by docker0");
  });

  test("show one line for tables without rules", () => {
    expect(drawn(isolation())).toContain("mangle, nat: no rule asked, policy ACCEPT");
  });

  test("show the policy for a table whose rules only count", () => {
    expect(drawn(counters())).toContain("end of PREROUTING: policy ACCEPT");
    expect(drawn(counters()).filter((text) => text.includes("no rule asked"))).toEqual([
      "nat: no rule asked, policy ACCEPT",
      "filter: no rule asked, policy ACCEPT",
    ]);
  });

  test("name as many chains as fit, and always the policy", () => {
    const chains = ["KUBE-PROXY-FIREWALL", "KUBE-FORWARD", "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES"];
    const lines = [
      ...chains.map((chain) => ({ kind: "return", depth: 1, chain }) as const),
      { kind: "policy", depth: 0, chain: "FORWARD", policy: "ACCEPT" } as const,
    ];
    expect(unmatchedText(lines, 480)).toBe(
      "KUBE-PROXY-FIREWALL, KUBE-FORWARD and 2 more: returned; policy ACCEPT",
    );
    expect(unmatchedText(lines, 370)).toBe("KUBE-PROXY-FIREWALL and 3 more: returned; policy ACCEPT");
    expect(unmatchedText(lines, 100)).toBe("4 chains returned; policy ACCEPT");
  });

  test("list a dozen of hundreds, and count the others by reason", () => {
    const open = textsOf(traversalPicture(clusterIp(400)).spec, { open: new Set([0]), step: 1 });
    expect(open.map((text) => text.text)).toContain(
      "… and 388 more rules that did not match: 388 by destination",
    );
  });
});

describe("the highlighted stations", () => {
  const ways = (traversal: Traversal) =>
    visitsOf(first(traversal).steps).map((visit) =>
      [visit.place, ...stationSequence(visit).stations].join(" "),
    );

  test("are those of a forwarded packet", () => {
    expect(ways(publishedPort())).toEqual(["host1 PREROUTING routing FORWARD POSTROUTING"]);
  });

  test("end where the packet was dropped", () => {
    expect(ways(isolation())).toEqual(["host1 PREROUTING routing FORWARD"]);
  });

  test("begin at the sending process and end at OUTPUT if rejected there", () => {
    expect(ways(rejected())).toEqual(["node1 process routing out OUTPUT"]);
  });

  test("include every namespace of a journey and hooks without tables", () => {
    expect(ways(clusterIp())).toEqual([
      "client process routing out OUTPUT POSTROUTING",
      "node1 PREROUTING routing FORWARD POSTROUTING",
      "web-0 PREROUTING routing INPUT process",
    ]);
  });
});

describe("the end of a traversal", () => {
  test("shows the verdict and the deciding rule", () => {
    expect(drawn(isolation())).toEqual(
      expect.arrayContaining(["✕ DROP", "dropped by rule 2 of filter DOCKER-ISOLATION-STAGE-2"]),
    );
    expect(drawn(rejected())).toContain("⊘ REJECT");
  });

  test("summarises the other random outcomes", () => {
    const { text } = traversalPicture(clusterIp(), { names: { "10.244.2.2": "web-1" } });
    expect(text).toContain("drawn: 1 of 3 possible ways, p = 1/3");
    expect(text).toContain("p = 1/3: ACCEPT 10.244.2.2:8080 (web-1)");
  });

  test("shows the condition of an unknown match in both outcomes", () => {
    const all = drawn(unknown()).join(" ");
    expect(all).toContain("string match on bytes that the packet does not carry");
    expect(all).toContain("✓ ACCEPT");
  });

  test("shows the first difference between prediction and kernel", () => {
    const difference = {
      predicted: "policy ACCEPT",
      observed: "rule 3 DROP",
      explanation: "the rules changed",
    };
    const picture = traversalPicture(isolation(), {
      observed: { by: "trace", agreed: 8, total: 9, difference },
    });
    const all = textsOf(picture.spec).map((text) => text.text);
    expect(all).toEqual(
      expect.arrayContaining([
        "≠ kernel agrees on 8 of 9",
        "policy ACCEPT",
        "rule 3 DROP",
        "the rules changed",
      ]),
    );
    expect(picture.text).toContain("observed: rule 3 DROP");
  });

  test("a packet that did not arrive: where it was seen last, and nothing says that it was accepted", () => {
    const arrival = {
      confirmed: false,
      text: "did not arrive: last seen coming into node1 by veth7",
      last: { place: "node1", text: "coming into node1 by veth7" },
    };
    const picture = traversalPicture(clusterIp(), {
      outcome: 1,
      observed: { by: "trace", agreed: 12, total: 12, arrival },
    });
    const all = textsOf(picture.spec).map(({ text }) => text);
    expect(all).toEqual(
      expect.arrayContaining([
        "≠ not seen at the predicted end",
        "✕ last seen",
        "coming into node1 by veth7",
      ]),
    );
    // node2 and web-1 come after it.
    expect(all.filter((text) => text === "? not seen")).toHaveLength(2);
    expect(picture.text).toMatch(/^verdict: ACCEPT, predicted only: /m);
    expect(picture.text).toContain("arrival: did not arrive: last seen coming into node1 by veth7");
  });

  test.each([
    [{ reply: "RST" }, "nobody listens: the kernel replies with RST"],
    [{}, "nobody listens"],
  ])("a port where nobody listens is an outline, not an acceptance: %j", (refused, words) => {
    const arrival = { confirmed: true, refused, text: "arrived in web" };
    const picture = traversalPicture(publishedPort(), {
      observed: { by: "trace", agreed: 3, total: 3, arrival },
    });
    const all = textsOf(picture.spec).map(({ text }) => text);
    expect(all).toEqual(expect.arrayContaining(["○ DELIVERED", words, "✓ kernel agrees, 3 of 3"]));
    expect(all).not.toContain("✓ ACCEPT");
    expect(picture.text).toContain(`verdict: DELIVERED, ${words}\narrival: arrived in web`);
  });

  test("an arrival that nobody saw is no agreement", () => {
    const arrival = { confirmed: undefined, text: "not confirmed: web was not traced" };
    const picture = traversalPicture(isolation(), {
      observed: { by: "trace", agreed: 3, total: 3, arrival },
    });
    expect(textsOf(picture.spec).map(({ text }) => text)).toContain("? arrival not confirmed");
  });

  test.each([
    ["✓ agree", {}, "counters before and after: 5 of 5 rules as predicted"],
    ["✓ agree", { unsure: 2 }, "5 of 5 rules as predicted; 2 more could not be checked"],
    [
      "? unsure",
      { unsure: 2, undecided: true as const },
      "could not be checked, among them the packet's own, because other traffic is counted too",
    ],
    [
      "≠ differ",
      { total: 6, difference: { predicted: "it matches", observed: "grew by 0" } },
      "5 of 6 rules",
    ],
  ])("the result of counters on a read-only host: %s %j", (pill, more, words) => {
    const counted = { by: "counters" as const, agreed: 5, total: 5, ...more };
    const picture = traversalPicture(isolation(), { counted });
    expect(textsOf(picture.spec).map(({ text }) => text)).toContain(pill);
    expect(picture.text).toContain(words);
  });

  test("throws for an outcome that does not exist", () => {
    expect(() => traversalPicture(isolation(), { outcome: 4 })).toThrow(RangeError);
  });
});

test.each([
  [1n, 3n, "p = 1/3"],
  [1n, 1n, "p = 1"],
  [715_827_883n, 2_147_483_648n, "p ≈ 1/3"],
  [123_456_789n, 2_147_483_648n, "p ≈ 0.05749"],
])("a chance of %s/%s reads %s", (numerator, denominator, text) => {
  expect(chanceText({ numerator, denominator })).toBe(text);
});
