import fc from "fast-check";
import { contains, parseCidr } from "./cidr";
import { AddressPool } from "./pool";

const pool = (cidr: string) =>
  new AddressPool(parseCidr(cidr, "node1"), {
    where: "node1",
    code: "POD_CIDR_EXHAUSTED",
    advice: "Add a node.",
  });

test("addresses are assigned in order, starting after the network address", () => {
  const addresses = pool("10.244.1.0/24");
  expect([addresses.take("bridge"), addresses.take("web"), addresses.take("db")]).toEqual([
    "10.244.1.1",
    "10.244.1.2",
    "10.244.1.3",
  ]);
});

test("a released address is assigned again as late as possible", () => {
  const addresses = pool("10.244.1.0/29");
  addresses.take("a");
  addresses.release("10.244.1.1");
  expect(["b", "c", "d", "e", "f", "g"].map((owner) => addresses.take(owner)).at(-1)).toBe("10.244.1.1");
});

test("the error for an exhausted chunk contains the number of addresses and what to do", () => {
  const addresses = pool("10.244.1.0/30");
  addresses.take("bridge");
  addresses.take("web");
  expect(() => addresses.take("db")).toThrow(
    "POD_CIDR_EXHAUSTED  node1: 10.244.1.0/30 has no free address for db: all 2 are in use\n  Add a node.",
  );
});

test.each([
  ["10.244.2.5", "BAD_ADDRESS", "an address of another node"],
  ["10.244.1.0", "BAD_ADDRESS", "the network address"],
  ["10.244.1.255", "BAD_ADDRESS", "the broadcast address"],
  ["10.244.1", "BAD_ADDRESS", "an incomplete address"],
  ["10.244.1.1", "ADDRESS_TAKEN", "an address in use"],
])("%s throws %s: %s", (address, code) => {
  const addresses = pool("10.244.1.0/24");
  addresses.take("bridge");
  expect(() => addresses.claim(address, "web")).toThrow(code);
});

test("law: no address has two owners, and all are in the range, in any sequence of take and release", () => {
  const step = fc.oneof(fc.constant("take" as const), fc.nat(40));
  fc.assert(
    fc.property(fc.integer({ min: 25, max: 30 }), fc.array(step, { maxLength: 200 }), (prefix, steps) => {
      const addresses = pool(`10.244.1.0/${prefix}`);
      const mine: string[] = [];
      for (const what of steps) {
        if (what !== "take") {
          const back = mine.splice(what, 1)[0];
          if (back !== undefined) addresses.release(back);
        } else if (addresses.free > 0) {
          const address = addresses.take(`pod${mine.length}`);
          expect(mine).not.toContain(address);
          expect(contains(addresses.range, address)).toBe(true);
          mine.push(address);
        } else expect(() => addresses.take("one too many")).toThrow("POD_CIDR_EXHAUSTED");
      }
      expect(new Set(addresses.taken.keys())).toEqual(new Set(mine));
    }),
  );
});
