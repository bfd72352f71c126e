import { LabError } from "../../../engine";
import { type AppSpec, checkApps } from "./app-spec";
import type { NetworkPodSpec } from "./network-pod-spec";
import { checkReadiness, type Readiness } from "./readiness";

/**
 * When the node restarts an app that ended: Kubernetes' `restartPolicy` (kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle).
 * `on-failure` restarts it if its exit code is not 0. Applies to all apps of a pod.
 *
 * @example
 * import type { RestartPolicy } from "wirebook";
 * // For node.pod(name, { restart }).
 * const restart: RestartPolicy = "on-failure";
 */
export type RestartPolicy = "always" | "on-failure" | "no";

/** Options of one app of a pod on a node. */
type NodeAppSpec = Omit<AppSpec, "restart">;

/** Options of a pod on a node: those of its only app, or `apps` for several. Public as `PodSpec<"node">`. */
export interface NodePodSpec extends NodeAppSpec {
  /** Labels that services select pods by. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Several apps by name. Default: one named `app`, from `image`, `command` and `env`. */
  readonly apps?: Readonly<Record<string, NodeAppSpec>>;
  /** How to find out when the pod can accept requests. Default: it is ready as soon as all its apps run. */
  readonly readiness?: Readiness;
  /** Default: `always`. */
  readonly restart?: RestartPolicy;
  /** An IPv4 address from the node's chunk. Default: the next free one. */
  readonly address?: string;
}

/** A validated {@link NodePodSpec} with its defaults. */
export interface PodPlan {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pod: NetworkPodSpec;
  readonly readiness?: Readiness;
  readonly restart: RestartPolicy;
  readonly address?: string;
}

/**
 * Validates the options of a pod and adds defaults.
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
 * Returns `labels` if they are valid.
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
      found: `${key}=${value} is not a valid label`,
      advice:
        "Keys and values consist of at most 63 letters, digits, dots, hyphens and underscores, as in app=web.",
    });
  }
  return labels;
}

/** Returns true if `labels` has every entry of `selector`. */
export function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
