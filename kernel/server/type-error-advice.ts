import { BUNDLED_PACKAGES, bundledPackageFolder } from "../language/bundled-packages";
import type { Diagnostic } from "../language/engine";

const CANNOT_FIND_MODULE = 2307;
const NO_DECLARATION_FILE = 7016;

function packageName(id: string): string {
  return id
    .split("/")
    .slice(0, id.startsWith("@") ? 2 : 1)
    .join("/");
}

function missingModule(id: string): string {
  if (/^[./]/.test(id)) return `The notebook's folder (${process.cwd()}) has no such file.`;
  const name = packageName(id);
  const bundled = BUNDLED_PACKAGES.includes(name) ? bundledPackageFolder(name) : undefined;
  return bundled
    ? `The package is in ${bundled}, but it is not built. Run there: npm run build`
    : `Install it in the notebook's folder: cd ${process.cwd()} && npm install ${name}`;
}

/** The package on npm that holds the types of a package without types. */
function typesPackage(name: string): string {
  return `@types/${name.startsWith("@") ? name.slice(1).replace("/", "__") : name}`;
}

function missingTypes(id: string): string[] {
  const name = packageName(id);
  return [
    `The package ${name} comes without types. Others may have written them:`,
    `  cd ${process.cwd()} && npm install ${typesPackage(name)}`,
    "If there are none, write // @ts-ignore in the line above the import: its exports are then of type any.",
  ];
}

/** A command of a shell at the start of a cell: TypeScript's errors about it do not help. */
const SHELL_LINE =
  /^\s*(?:[%!]\s*(?:sh\b|\w)|(?:ip|iptables|ip6tables|iptables-save|nft|ping|curl|wget|docker|kubectl|cat|ls|ss|tcpdump|conntrack|sysctl|bridge|tc|dig|nc|traceroute|hostname|echo|grep|arp|route|ifconfig|netstat|sudo|apt|cd)(?:\s+[\w./-]|\s*$))/;

function isShellLine(line: string): boolean {
  return SHELL_LINE.test(line) && !/[=;(]\s*|\bin\b/.test(line);
}

/** Advice about an error, one line each. */
export function adviceFor({ code, message }: Diagnostic): string[] {
  const id = /'([^']+)'/.exec(message)?.[1] ?? "";
  if (code === CANNOT_FIND_MODULE) return [`  ${missingModule(id)}`];
  if (code === NO_DECLARATION_FILE) return missingTypes(id).map((line) => `  ${line}`);
  return [];
}

/** Advice for a cell whose first error is in a line of shell. */
export function shellAdvice(source: string, [first]: readonly Diagnostic[]): string[] {
  const line = source.split("\n")[first?.start.line ?? 0] ?? "";
  if (!first || first.file !== undefined || !isShellLine(line)) return [];
  return [
    "To run a shell command, start the cell with %%sh PLACE, such as %%sh client, and write it below.",
    "",
  ];
}
