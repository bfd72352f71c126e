import type { Bundle, CellError } from "../link/protocol";
import type { ExitStatus } from "./executor";

/** How a cell ended. */
export interface CellOutcome {
  readonly error?: CellError;
  /** The value of its last expression. */
  readonly result?: Bundle;
  /** What happened after earlier cells had ended and was shown with this cell, one line each. */
  readonly lateErrors: readonly string[];
}

const ADVICE = "A new process is ready: run the cells above again.";

/** The error of a cell that was interrupted before its code ran. */
export function interruptedError(): CellError {
  const evalue = "the cell was interrupted before it ran";
  return { ename: "Interrupted", evalue, traceback: [`Interrupted: ${evalue}`] };
}

/** The error of a cell whose executor had to be killed. */
export function interruptFailedError(): CellError {
  const evalue = "the cell did not react to the interrupt, so its process was killed";
  return {
    ename: "Interrupted",
    evalue,
    traceback: [`All variables are lost. ${ADVICE}`, `Interrupted: ${evalue}`],
  };
}

/** The error of a cell whose executor ended. */
export function executorLostError(status: ExitStatus): CellError {
  const evalue = `the process that ran the cell ended: ${exitReason(status)}`;
  return {
    ename: "ProcessEnded",
    evalue,
    traceback: [`All variables are lost. ${ADVICE}`, `ProcessEnded: ${evalue}`],
  };
}

/** Describes the loss of an executor while no cell was running. */
export function executorLostBetweenCells(
  status: ExitStatus,
  lastCell: string,
  names: readonly string[],
): string {
  const variables = names.length > 0 ? `These variables are lost: ${names.join(", ")}. ` : "";
  return `ProcessEnded: the process that runs the cells ended after ${lastCell}: ${exitReason(status)}\n${variables}${ADVICE}`;
}

function exitReason({ code, signal }: ExitStatus): string {
  if (signal === "SIGABRT" || signal === "SIGTRAP")
    return "it aborted, usually because it ran out of memory (see its last output above)";
  return signal ? `it was ended by ${signal}` : `process.exit(${code}) was called`;
}
