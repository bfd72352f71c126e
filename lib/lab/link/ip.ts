import { LabError, type LabErrorCode, shellText } from "../../engine";
import type { ContainerPlace } from "../place/place";

interface KnownError {
  readonly code: LabErrorCode;
  readonly text: RegExp;
  readonly found: string;
  readonly advice: string;
}

// Messages of ip(8), bridge(8), tc(8) and iptables(8). Most of them come from the kernel.
const knownErrors: readonly KnownError[] = [
  {
    code: "NAME_TAKEN",
    text: /File exists|already exists|Address already assigned/,
    found: "it already exists",
    advice:
      "Choose another name or address, or remove the existing one. ip addr and ip route show what exists.",
  },
  {
    code: "NOT_SUPPORTED",
    text: /Unknown device type|Operation not supported|qdisc kind is unknown|No such file or directory|Unknown (?:filter|qdisc)/,
    found: "this machine's kernel does not support it",
    advice: "Use another kind: ip link help and tc qdisc help list them.",
  },
  {
    code: "BAD_ADDRESS",
    text: /is expected rather than|Invalid prefix|inet prefix|invalid .*address/i,
    found: "this is not a valid address",
    advice:
      "Write 10.0.0.1/24 for an address with its prefix, 10.0.0.0/24 for a range, `default` for all addresses.",
  },
  {
    code: "BAD_NAME",
    text: /not a valid ifname|wrong: (?:device|interface)|failed policy validation/,
    found: "this is not a valid name for a link",
    advice: "The name of a link has at most 15 characters, without spaces and slashes.",
  },
];

/**
 * Runs an ip, bridge, tc or iptables command as root in the network namespace of a place.
 *
 * @returns its stdout.
 * @throws LabError with a specific code if the error text is known; `COMMAND_FAILED` otherwise.
 */
export async function inNamespace(place: ContainerPlace, argv: readonly string[]): Promise<string> {
  const { shell } = await place.netnsHandle();
  const { exitCode, stdout, stderr } = await shell.command(argv);
  if (exitCode === 0) return stdout;
  throw commandError(place.name, argv, stderr);
}

/** Translates the error output of a failed command into a {@link LabError}. */
export function commandError(where: string, argv: readonly string[], stderr: string): LabError {
  const command = shellText(argv);
  const output = stderr.trim().replace(/\s*\n\s*/g, " / ");
  const cause = new Error(stderr.trim());
  for (const { code, text, found, advice } of knownErrors) {
    if (text.test(stderr))
      return new LabError(code, { where, found: `${command}: ${found} (${output})`, advice, cause });
  }
  return new LabError("COMMAND_FAILED", {
    where,
    found: `${command}: ${output}`,
    advice: "This is the kernel's message. ip addr, ip link and ip route show the current state.",
    cause,
  });
}
