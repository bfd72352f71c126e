import { LabError } from "../../../engine";

/** One container of a pod. */
export interface AppSpec {
  /** `base`, `web`, or any image the engine has. Default: `base`, which sleeps. */
  readonly image?: string;
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Without `CAP_`. Default: what ip, iptables, ping and tcpdump need for `base`; none for every other image. */
  readonly capabilities?: readonly string[];
  /** Restart policy of the engine, as in `docker run --restart`. Default: `no`. */
  readonly restart?: "no" | "always" | "on-failure";
  /** TCP port to wait for before the pod is returned. Default: 80 for `web`, none for other images. */
  readonly ready?: number;
}

/**
 * Checks that a pod has at least one app and that the names of its apps are valid.
 *
 * @throws LabError `BAD_NAME`.
 */
export function checkApps(apps: Readonly<Record<string, AppSpec>>, pod: string): void {
  const names = Object.keys(apps);
  if (names.length === 0) {
    throw new LabError("BAD_NAME", {
      where: pod,
      found: "the pod has no apps",
      advice: "Omit apps to get one app that sleeps, or give at least one.",
    });
  }
  const bad = names.find((app) => !/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(app));
  if (bad === undefined) return;
  throw new LabError("BAD_NAME", {
    where: pod,
    found: `${JSON.stringify(bad)} is not a valid name for an app`,
    advice: "Use lower-case letters, digits and hyphens, as in web or log-reader.",
  });
}
