import type { ContainerSpec } from "./resources/container";

/**
 * What a container needs to run a `dockerd`, in place of `--privileged`: the engine's default capabilities, and
 * namespaces, mounts, control groups, links and rules of its own (SYS_ADMIN, SYS_PTRACE, NET_ADMIN).
 *
 * Its control groups are its own: `cgroups` in the host image mounts them from inside. It never gets the machine's
 * `/sys/fs/cgroup`, from which other containers could be frozen and programs started on the machine (`release_agent`).
 */
export const nestedEngine = {
  capabilities: [
    ...["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "SETGID", "SETUID", "SETFCAP", "SETPCAP"],
    ...["KILL", "NET_BIND_SERVICE", "NET_RAW", "SYS_CHROOT", "AUDIT_WRITE"],
    ...["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE"],
  ],
  unconfined: true,
  cgroupNamespace: "private",
  tmpfs: ["/run", "/tmp"],
} satisfies Partial<ContainerSpec>;

/** Why a container found no control groups of its own, from what it wrote; undefined where it did. */
export function cgroupRefusal(logs: string): string | undefined {
  return /^NO_CGROUPS (.+)$/m.exec(logs)?.[1];
}

/** What to do about a {@link cgroupRefusal}. */
export const cgroupAdvice =
  "It takes an engine that gives a container a cgroup namespace: Docker 20.10 or newer on Linux 4.6 or newer, not rootless.";
