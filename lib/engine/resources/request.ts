import type { CommandLog } from "../command-log";
import { translate } from "../errors/known-errors";

/**
 * Sends a request to the engine, notes it in the command log, and translates its failure into a LabError.
 *
 * @param where - what the request is about, for errors: the name of a container, network or image, or `engine`.
 * @param command - the equivalent shell command.
 */
export async function request<T>(
  log: CommandLog,
  where: string,
  command: string,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await log.run(where, command, action);
  } catch (error) {
    throw translate(error, where, log.engine);
  }
}
