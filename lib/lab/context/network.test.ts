import { addressAt, parseCidr } from "../cidr/cidr";
import { reservedRange } from "./network";

test.each([
  ["172.30.0.0/24", 2, "172.30.0.248/29"],
  ["172.30.0.0/24", 4, "172.30.0.248/29"],
  ["172.30.0.0/24", 5, "172.30.0.240/28"],
  ["10.8.0.0/16", 40, "10.8.255.128/25"],
  ["172.30.0.0/27", 2, "172.30.0.24/29"],
])("in %s, the range reserved for %d engines is %s", (subnet, engines, reserved) => {
  const range = reservedRange(parseCidr(subnet, "lab"), engines, "lab");
  expect(range.text).toBe(reserved);
  // One address for each engine, and the broadcast address.
  expect(range.size - 1).toBeGreaterThanOrEqual(engines);
  expect(addressAt(range, 0)).not.toBe(addressAt(parseCidr(subnet, "lab"), 2));
});

test.each([
  ["172.30.0.0/28", 2],
  ["172.30.0.0/27", 16],
])("%s is too small for %d engines", (subnet, engines) => {
  expect(() => reservedRange(parseCidr(subnet, "lab"), engines, "lab")).toThrow("CIDR_EXHAUSTED  lab");
});
