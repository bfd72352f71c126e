import { commandError } from "../link/ip";
import type { ContainerPlace } from "../place/place";

/**
 * Sets a sysctl in the network namespace of a place.
 *
 * @throws LabError `COMMAND_FAILED`.
 */
export async function setSysctl(place: ContainerPlace, name: string, value: string): Promise<void> {
  const path = `/proc/sys/${name.replaceAll(".", "/")}`;
  const { shell } = await place.netnsHandle();
  const write = `echo ${value} > ${path}`;
  // The engine mounts /proc/sys read-only in the toolbox. A mount namespace for this one command lets it remount /proc/sys
  // writable. The files under net/ are those of the network namespace that the command runs in.
  const script = `unshare -m sh -c 'mount -o remount,bind,rw /proc/sys 2>/dev/null; ${write}'`;
  const { exitCode, stderr } = await shell.run(script);
  if (exitCode !== 0) throw commandError(place.name, ["sysctl", "-w", `${name}=${value}`], stderr);
}
