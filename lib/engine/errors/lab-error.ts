const codes = [
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
  "IMAGE_MISSING",
  "INTERRUPTED",
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
  "POD_CIDR_EXHAUSTED",
  "PORT_IN_USE",
  "RECORDING_TOO_NEW",
  "RECORDING_UNREADABLE",
  "SELECTOR_EMPTY",
  "SUBNET_TAKEN",
  "TIMED_OUT",
  "UNKNOWN_ENGINE",
  "UNKNOWN_PLACE",
] as const;

/**
 * Every way in which a lab can fail, as a stable code that a test, a grader or a script can compare with.
 * The message beside it may change from version to version; the code does not.
 */
export type LabErrorCode = (typeof codes)[number];

/** What a {@link LabError} is made of. */
export interface LabErrorParts {
  /** What it happened to: the name of a lab, place, image or command. */
  readonly where: string;
  /** What was found, and what was expected: one line. */
  readonly found: string;
  /** What to do now: one line. */
  readonly advice: string;
  /** The original failure, with the engine's or the kernel's own text. */
  readonly cause?: unknown;
}

/**
 * What labs throw: a stable `code`, what happened and where, what to do about it, and the original failure
 * as `cause`.
 *
 * ```
 * PORT_IN_USE  web: host port 8080 is taken
 *   Publish another port, or find who has it: ss -ltnp 'sport = :8080'
 * ```
 */
export class LabError extends Error {
  override readonly name = "LabError";
  readonly code: LabErrorCode;
  readonly where: string;
  readonly found: string;
  readonly advice: string;

  /** The code that reads so; `ENGINE_FAILED` for one that this version does not have. */
  static code(text: string): LabErrorCode {
    return codes.find((code) => code === text) ?? "ENGINE_FAILED";
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
