import type { ContainerSpec } from "./resources/container";

/**
 * Options for a container that runs `dockerd` without `--privileged`: the engine's default capabilities, and SYS_ADMIN,
 * SYS_PTRACE and NET_ADMIN for its own namespaces, mounts, cgroups, links and rules.
 *
 * The script `cgroups` in the host image mounts the container's own cgroups from inside. The container never gets the
 * machine's `/sys/fs/cgroup`: with it, it could freeze other containers and start programs on the machine
 * (`release_agent`, cgroups(7)).
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

/** Returns the reason why a container could not mount its own cgroups, from its logs; undefined if it could. */
export function cgroupRefusal(logs: string): string | undefined {
  return /^NO_CGROUPS (.+)$/m.exec(logs)?.[1];
}

/** The advice of an error about a {@link cgroupRefusal}. */
export const cgroupAdvice =
  "This requires an engine that supports private cgroup namespaces: Docker 20.10 or newer on Linux 4.6 or newer, not rootless.";
