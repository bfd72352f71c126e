import { LabError } from "../../engine";
import { needsHolder } from "./nested-engine";

test.each([
  ["docker", { version: "1", driver: "cgroupfs" }, true],
  ["docker", { version: "2", driver: "systemd" }, false],
  ["docker", { version: "2", driver: "cgroupfs" }, false],
  ["podman", { version: "2", driver: "systemd" }, false],
] as const)("limits on %s with cgroups %j are held by another container: %j", (kind, cgroups, held) => {
  expect(needsHolder("host1", kind, cgroups)).toBe(held);
});

test.each([
  ["docker", { version: "1", driver: "systemd" }],
  ["docker", { version: "1", driver: "none" }],
  ["podman", { version: "1", driver: "cgroupfs" }],
] as const)("a Docker host is refused on %s with cgroups %j", (kind, cgroups) => {
  expect(() => needsHolder("host1", kind, cgroups)).toThrow(LabError);
  expect(() => needsHolder("host1", kind, cgroups)).toThrow(
    /^NOT_SUPPORTED {2}host1: a Docker host could raise/,
  );
});
