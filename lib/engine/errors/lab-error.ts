/** Every error code of Wirebook: of labs, of the command line and of the set-up. */
export const ERROR_CODES = [
  "ADDRESS_TAKEN",
  "BAD_ADDRESS",
  "BAD_CELL",
  "BAD_NAME",
  "BAD_NUMBER",
  "BAD_PORT",
  "CAPABILITY_REFUSED",
  "CIDR_EXHAUSTED",
  "CIDR_OVERLAP",
  "COMMAND_FAILED",
  "COMMAND_MISSING",
  "CONTAINER_EXITED",
  "CONTAINER_GONE",
  "DISK_FULL",
  "ENGINE_FAILED",
  "ENGINE_GONE",
  "ENGINE_TWICE",
  "IMAGES_FOLDER_MISSING",
  "IMAGE_MISSING",
  "INTERRUPTED",
  "JUPYTERLAB_FAILED",
  "LAB_CLOSED",
  "NAME_TAKEN",
  "NETWORK_GONE",
  "NETWORK_IN_USE",
  "NODE_DOWN",
  "NOT_ENCRYPTED",
  "NOT_ONE_SWARM",
  "NOT_READY",
  "NOT_RECORDED",
  "NOT_RUNNING",
  "NOT_SUPPORTED",
  "NO_ENGINE",
  "NO_PERMISSION",
  "OUTPUT",
  "PACKAGE_MISSING",
  "POD_CIDR_EXHAUSTED",
  "PORT_IN_USE",
  "PYTHON_MISSING",
  "RECORDING_TOO_NEW",
  "RECORDING_UNREADABLE",
  "REQUIREMENTS_MISSING",
  "RULES_FILE",
  "SELECTOR_EMPTY",
  "SUBNET_TAKEN",
  "TIMED_OUT",
  "UNKNOWN_ENGINE",
  "UNKNOWN_PLACE",
] as const;

/**
 * The code of a {@link LabError}. Tests, graders and scripts can compare it: codes don't change between versions,
 * messages may.
 *
 * @example
 * import type { LabErrorCode } from "wirebook";
 * const mayRetry = (code: LabErrorCode): boolean => code === "NOT_READY" || code === "TIMED_OUT";
 */
export type LabErrorCode = (typeof ERROR_CODES)[number];

/** The parts of a {@link LabError}. */
export interface LabErrorParts {
  /** Name of the lab, place, image or command that failed. */
  readonly where: string;
  /** What was found and what was expected, in one line. */
  readonly found: string;
  /** What to do about it, in one line. */
  readonly advice: string;
  /** The original error, with the text of the engine or the kernel. */
  readonly cause?: unknown;
}

/**
 * The error that labs throw. It has a stable `code`, says what happened, where, and what to do about it, and keeps the
 * original error as `cause`. Its message has two lines:
 *
 * ```
 * PORT_IN_USE  web: port 8080 of the engine's machine is already in use
 *   Publish another port, or find out what uses this one: ss -lnp 'sport = :8080'.
 * ```
 *
 * @example
 * import { Engine, LabError } from "wirebook";
 * try {
 *   await Engine.connect();
 * } catch (error) {
 *   if (error instanceof LabError && error.code === "NO_ENGINE") console.log(error.advice);
 * }
 */
export class LabError extends Error {
  override readonly name = "LabError";
  readonly code: LabErrorCode;
  readonly where: string;
  readonly found: string;
  readonly advice: string;

  /**
   * Converts a string to a code.
   *
   * @returns `ENGINE_FAILED` if this version doesn't have the code.
   * @example
   * import { LabError } from "wirebook";
   * console.log(LabError.code("PORT_IN_USE"));
   */
  static code(text: string): LabErrorCode {
    return ERROR_CODES.find((code) => code === text) ?? "ENGINE_FAILED";
  }

  constructor(code: LabErrorCode, parts: LabErrorParts) {
    super(
      `${code}  ${parts.where}: ${parts.found}\n  ${parts.advice}`,
      parts.cause === undefined ? undefined : { cause: parts.cause },
    );
    this.code = code;
    this.where = parts.where;
    this.found = parts.found;
    this.advice = parts.advice;
  }
}
