import { cgroupAdvice, cgroupRefusal, Engine, execDuplex, LabError } from "../../engine";
import type { NestedEngine } from "./nested-engine";

const READY_TIMEOUT_SECONDS = 30;

const ready = `end=$(($(date +%s) + ${READY_TIMEOUT_SECONDS}))
while [ "$(date +%s)" -lt $end ]; do
  if [ "$(curl -s -m 1 --unix-socket /var/run/docker.sock http://engine/_ping)" = OK ]; then exit 0; fi
  sleep 0.025
done
exit 1`;

/**
 * Waits until a nested engine answers, and connects to it through `docker system dial-stdio`. If it does not answer,
 * removes its container.
 *
 * @param engine - the engine that runs the container.
 * @param where - name of the Docker host, for errors.
 * @throws LabError `NOT_READY`, `NOT_SUPPORTED`, `INTERRUPTED`.
 */
export async function connectNested(
  engine: Engine,
  { info, remove }: NestedEngine,
  where: string,
): Promise<Engine> {
  try {
    const answer = await engine.exec(info.id, ["sh", "-c", ready], { where });
    if (answer.exitCode !== 0) throw new Error(`no answer within ${READY_TIMEOUT_SECONDS} seconds`);
    const dial = ["docker", "system", "dial-stdio"];
    return await Engine.through((signal) => execDuplex(engine, info.id, dial, signal), where);
  } catch (cause) {
    const said = (await engine.containers.logs(info.id, 2).catch(() => "")).trim().replaceAll("\n", " / ");
    await remove();
    if (cause instanceof LabError && cause.code === "INTERRUPTED") throw cause;
    const refusal = cgroupRefusal(said);
    if (refusal !== undefined) {
      throw new LabError("NOT_SUPPORTED", {
        where,
        found: `it cannot have its own control groups: ${refusal}`,
        advice: cgroupAdvice,
        cause,
      });
    }
    throw new LabError("NOT_READY", {
      where,
      found: `its dockerd did not start${said === "" ? "" : `: ${said}`}`,
      advice:
        "Run the cell again. If it fails again, the machine may lack something that dockerd needs (overlay, cgroups).",
      cause,
    });
  }
}
