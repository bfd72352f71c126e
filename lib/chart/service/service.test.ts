import { clusterIp, rejected } from "../../../test/pictures/paths";
import { fairness } from "./fair";
import { serviceOf, servicePicture } from "./index";

const third = { numerator: 1n, denominator: 3n };

describe("a service read out of a path", () => {
  const service = serviceOf(clusterIp(3), {
    name: "web",
    names: { "10.244.1.3": "web-0" },
    counted: { "10.244.1.3:8080": 5 },
  });

  test("has the chains that all outcomes share, and their matches", () => {
    expect(service.chains).toEqual([
      { chain: "KUBE-SERVICES", says: "-d 10.96.0.10/32 -p tcp --dport 80" },
      { chain: "KUBE-SVC-JW3CUVLFMQDRG2NE" },
    ]);
  });

  test("has an endpoint for each outcome, with probability, chain and count", () => {
    expect(
      service.endpoints.map(({ address, chain, probability, counted, name }) => [
        address,
        chain,
        probability,
        counted,
        name,
      ]),
    ).toEqual([
      ["10.244.1.3:8080", "KUBE-SEP-A4QKJ2FVVXGNT7M3", third, 5, "web-0"],
      ["10.244.2.2:8080", "KUBE-SEP-7RZTLOYD2QXU2LQ4", third, 0, undefined],
      ["10.244.2.3:8080", "KUBE-SEP-QM2BWJXW4NGZBI6P", third, 0, undefined],
    ]);
  });

  test("without endpoints shows that it refuses connections", () => {
    const empty = serviceOf(rejected());
    expect(empty.chains.map((one) => one.chain)).toEqual(["KUBE-SERVICES"]);
    expect(servicePicture(empty).text).toContain("→ REJECT");
  });
});

describe("fair dice", () => {
  // Quantiles of the chi-squared distribution.
  test.each([
    [[550, 450], 1, 10, 0.00157],
    [[334, 329, 337], 2, 0.098, 0.952],
  ])("of counts %p", (counts, degrees, chiSquare, p) => {
    const probability = { numerator: 1n, denominator: BigInt(counts.length) };
    const test = fairness(counts.map((counted) => ({ probability, counted })));
    expect(test?.degrees).toBe(degrees);
    expect(test?.chiSquare).toBeCloseTo(chiSquare, 2);
    expect(test?.p).toBeCloseTo(p, 3);
  });

  test("need counted connections", () => {
    expect(fairness([{ probability: third, counted: 0 }])).toBeUndefined();
  });
});
