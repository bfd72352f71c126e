import { LabError, type LabErrorCode, shellText } from "../../engine";
import type { ContainerPlace } from "../place/place";

interface KnownError {
  readonly code: LabErrorCode;
  readonly text: RegExp;
  readonly found: string;
  readonly advice: string;
}

// What ip(8), bridge(8), tc(8) and iptables(8) print, most of it the kernel's own words.
const knownErrors: readonly KnownError[] = [
  {
    code: "NAME_TAKEN",
    text: /File exists|already exists|Address already assigned/,
    found: "it is there already",
    advice:
      "Choose another name or address, or remove the one that is there; ip addr and ip route show them.",
  },
  {
    code: "NOT_SUPPORTED",
    text: /Unknown device type|Operation not supported|qdisc kind is unknown|No such file or directory|Unknown (?:filter|qdisc)/,
    found: "this machine's kernel does not have it",
    advice: "Use what it has; ip link help and tc qdisc help name the kinds.",
  },
  {
    code: "BAD_ADDRESS",
    text: /is expected rather than|Invalid prefix|inet prefix|invalid .*address/i,
    found: "this is not an address",
    advice: "Write 10.0.0.1/24 for an address with its prefix, 10.0.0.0/24 for a range, `default` for all.",
  },
  {
    code: "BAD_NAME",
    text: /not a valid ifname|wrong: (?:device|interface)|failed policy validation/,
    found: "this cannot name a link",
    advice: "A link's name has at most 15 characters, no space and no slash.",
  },
];

/**
 * Runs one command of ip, bridge, tc or iptables in the network namespace of a place, with the right to change it.
 *
 * @returns its stdout.
 * @throws LabError recognised by the kernel's own text; `COMMAND_FAILED` with that text otherwise.
 */
export async function inNamespace(place: ContainerPlace, argv: readonly string[]): Promise<string> {
  const { shell } = await place.netnsHandle();
  const { exitCode, stdout, stderr } = await shell.command(argv);
  if (exitCode === 0) return stdout;
  throw commandError(place.name, argv, stderr);
}

/** The error for a command that the kernel refused. */
export function commandError(where: string, argv: readonly string[], stderr: string): LabError {
  const command = shellText(argv);
  const said = stderr.trim().replace(/\s*\n\s*/g, " / ");
  const cause = new Error(stderr.trim());
  for (const { code, text, found, advice } of knownErrors) {
    if (text.test(stderr))
      return new LabError(code, { where, found: `${command}: ${found} (${said})`, advice, cause });
  }
  return new LabError("COMMAND_FAILED", {
    where,
    found: `${command}: ${said}`,
    advice: "These are the kernel's own words; ip addr, ip link and ip route show what there is.",
    cause,
  });
}
