import { LabError } from "../../engine";
import { type AppSpec, checkApps, type PodSpec } from "../docker/pod";
import { checkReadiness, type Readiness } from "./readiness";

/** When an app that ended is started again: Kubernetes' `restartPolicy`, for all apps of a pod. */
export type RestartPolicy = "always" | "on-failure" | "no";

/** One app of a pod on a node. */
export type NodeAppSpec = Omit<AppSpec, "restart">;

/** What a pod on a node is made from: one app, or several by their names. */
export interface NodePodSpec extends NodeAppSpec {
  /** What services select it by. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Several apps by name. Default: one named `app`, from `image`, `command` and `env`. */
  readonly apps?: Readonly<Record<string, NodeAppSpec>>;
  /** When it may take requests. Default: as soon as all its apps run. */
  readonly readiness?: Readiness;
  /** Default: `always`. */
  readonly restart?: RestartPolicy;
  /** An address of the node's chunk. Default: the next free one. */
  readonly address?: string;
}

/** A {@link NodePodSpec} that was checked, with its defaults. */
export interface PodPlan {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: PodSpec;
  readonly readiness?: Readiness;
  readonly restart: RestartPolicy;
  readonly address?: string;
}

/**
 * Checks what a pod is to be made from.
 *
 * @throws LabError `BAD_NAME`, `BAD_PORT`, `BAD_ADDRESS`.
 */
export function planPod(name: string, spec: NodePodSpec = {}): PodPlan {
  const { apps, labels, readiness, restart, address, ...alone } = spec;
  const all = apps ?? { app: alone };
  checkApps(all, name);
  return {
    name,
    labels: checkLabels(labels ?? {}, name),
    pod: { apps: all },
    restart: restart ?? "always",
    ...(readiness && { readiness: checkReadiness(readiness, name) }),
    ...(address !== undefined && { address }),
  };
}

/**
 * Returns `labels` when services can select by them.
 *
 * @throws LabError `BAD_NAME`. Rule: kubernetes.io/docs/concepts/overview/working-with-objects/labels.
 */
export function checkLabels(
  labels: Readonly<Record<string, string>>,
  where: string,
): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(labels)) {
    const good =
      /^([a-z0-9.-]+\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/.test(key) &&
      /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/.test(value);
    if (good) continue;
    throw new LabError("BAD_NAME", {
      where,
      found: `${key}=${value} is not a label`,
      advice:
        "Keys and values have letters, digits, dots, hyphens and underscores, 63 at most, as in app=web.",
    });
  }
  return labels;
}

/** True when `labels` has every entry of `selector`. */
export function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
