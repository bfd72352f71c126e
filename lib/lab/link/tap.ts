import ipaddr from "ipaddr.js";
import { LabError, type Process } from "../../engine";
import type { ContainerPlace } from "../place/place";
import { LabLink } from "./link";
import { checkOneEngine } from "./veth";

/**
 * A tap device to create. A program reads the frames that the kernel sends through it, and the kernel receives the frames
 * that the program writes.
 *
 * Source: Documentation/networking/tuntap.rst in the kernel source.
 *
 * @example
 * import { Lab, type TapEnd } from "wirebook";
 * const lab = await Lab.open("tap-end-example");
 * const a: TapEnd = { place: await lab.netns("a"), name: "tap0", address: "10.4.0.1/24" };
 * await lab.tap(a, { place: await lab.netns("b"), name: "tap0", address: "10.4.0.2/24" });
 * await lab.close();
 */
export interface TapEnd {
  readonly place: ContainerPlace;
  /** Name of the device, at most 15 characters. */
  readonly name: string;
  /** IPv4 address with its prefix length: `10.4.0.1/24`. Default: none. */
  readonly address?: string;
}

/**
 * Two tap devices and a program that copies each frame from one to the other. The kernel removes both devices when the
 * program exits.
 *
 * @example
 * import { Lab, type TapCable } from "wirebook";
 * const lab = await Lab.open("tap-cable-example");
 * const [a, b] = await Promise.all([lab.netns("a"), lab.netns("b")]);
 * const cable: TapCable = await lab.tap({ place: a, name: "tap0" }, { place: b, name: "tap0" });
 * await cable.cut();
 * await lab.close();
 */
export class TapCable {
  readonly a: LabLink;
  readonly b: LabLink;
  readonly #process: Process;

  constructor(a: LabLink, b: LabLink, process: Process) {
    this.a = a;
    this.b = b;
    this.#process = process;
  }

  /** Ends the program. The kernel removes both devices. A second call does nothing. */
  async cut(): Promise<void> {
    this.#process.end();
    await this.#process.exit.catch(() => undefined);
  }
}

const START_TIMEOUT_S = 20;

/** Exit code if a link with one of the names already exists. */
const TAKEN = 3;

// socat opens a tap device in its own network namespace, so there is one socat for each end. They are connected by a
// Unix socket in the toolbox's file system; SOCK_SEQPACKET (type=5) preserves frame boundaries. With -d -d, socat logs
// when it starts to transfer data. Only then is it certain that it created the device itself and did not fail on one of
// another cable. The script exits when its stdin is closed, and ends both programs first.
const program = `dir=$(mktemp -d) && path=$dir/wire
first= second=
trap 'kill $first $second 2>/dev/null; wait; rm -rf "$dir"' EXIT
fail() { cat "$dir"/*.log >&2; exit "$1"; }
for end in "$1 $2" "$3 $4"; do
  nsenter -t "\${end%% *}" -n ip link show dev "\${end#* }" >/dev/null 2>&1 && fail ${TAKEN}
done
: > "$dir/a.log"; : > "$dir/b.log"
nsenter -t "$1" -n socat -d -d -b 65536 "TUN\${5:+:$5},tun-type=tap,tun-name=$2,iff-no-pi,iff-up" "UNIX-LISTEN:$path,type=5" 2>"$dir/a.log" &
first=$!
deadline=$(($(date +%s) + ${START_TIMEOUT_S}))
until [ -S "$path" ]; do
  kill -0 $first 2>/dev/null && [ "$(date +%s)" -lt $deadline ] || fail 1
  sleep 0.01
done
nsenter -t "$3" -n socat -d -d -b 65536 "TUN\${6:+:$6},tun-type=tap,tun-name=$4,iff-no-pi,iff-up" "UNIX-CONNECT:$path,type=5" 2>"$dir/b.log" &
second=$!
until grep -q 'starting data transfer' "$dir/a.log" && grep -q 'starting data transfer' "$dir/b.log"; do
  kill -0 $first $second 2>/dev/null && [ "$(date +%s)" -lt $deadline ] || fail 1
  sleep 0.01
done
echo ready
read -r _
`;

/**
 * Creates a tap device at each end, and starts a socat in each namespace. Both pass frames to each other.
 *
 * Shell: `socat TUN:…,tun-type=tap UNIX-LISTEN:…` at one end, `socat TUN:…,tun-type=tap UNIX-CONNECT:…` at the other.
 *
 * @throws LabError `NAME_TAKEN` if a link with that name exists, `BAD_NAME`, `BAD_ADDRESS`; `NOT_SUPPORTED` with socat's
 *   message if the machine has no /dev/net/tun, or if the places are on different engines.
 */
export async function addTapCable(a: TapEnd, b: TapEnd): Promise<TapCable> {
  for (const end of [a, b]) checkEnd(end);
  const [left, right] = await Promise.all([a.place.netnsHandle(), b.place.netnsHandle()]);
  checkOneEngine(a.place, left, b.place, right);
  const where = `${a.place.name} – ${b.place.name}`;
  let errors = "";
  let ready = (): void => undefined;
  const up = new Promise<"up">((resolve) => {
    ready = () => resolve("up");
  });
  const argv = [String(left.pid), a.name, String(right.pid), b.name, a.address ?? "", b.address ?? ""];
  const process = await left.toolbox.engine.open(
    left.toolbox.container,
    ["sh", "-c", program, "sh", ...argv],
    {
      where,
      sink: {
        stdout: () => ready(),
        stderr: (chunk) => {
          errors += chunk.toString();
        },
      },
    },
  );
  const started = await Promise.race([up, process.exit]);
  if (started !== "up") throw creationError(a, b, started, errors);
  process.unref();
  return new TapCable(new LabLink(a.place, a.name), new LabLink(b.place, b.name), process);
}

// Only allows characters that have no meaning in socat's address syntax.
function checkEnd({ place, name, address }: TapEnd): void {
  if (!/^[\w.-]{1,15}$/.test(name) || name === "." || name === "..") {
    throw new LabError("BAD_NAME", {
      where: place.name,
      found: `${JSON.stringify(name)} is not a valid name for a tap device`,
      advice: "Use at most 15 letters, digits, dots, hyphens and underscores: tap0.",
    });
  }
  if (address === undefined || ipaddr.IPv4.isValidCIDRFourPartDecimal(address)) return;
  throw new LabError("BAD_ADDRESS", {
    where: `${place.name}/${name}`,
    found: `${JSON.stringify(address)} is not an IPv4 address with its prefix`,
    advice: "Write it as 10.0.0.1/24.",
  });
}

function creationError(a: TapEnd, b: TapEnd, exitCode: number, errors: string): LabError {
  const where = `${a.place.name} – ${b.place.name}`;
  const [error = ""] = errors.split("\n").flatMap((line) => / E (.*)$/.exec(line)?.[1] ?? []);
  if (exitCode === TAKEN || /resource busy|Invalid argument/.test(error)) {
    return new LabError("NAME_TAKEN", {
      where,
      found: `a link with this name already exists: ${a.name} in ${a.place.name}, or ${b.name} in ${b.place.name}`,
      advice: "Choose other names, or remove the cable that uses these: cable.cut().",
    });
  }
  return new LabError("NOT_SUPPORTED", {
    where,
    found: `the tap devices could not be created (${error || errors.trim().split("\n").at(-1) || `exit code ${exitCode}`})`,
    advice: "If the engine's machine has no /dev/net/tun, load the module: sudo modprobe tun.",
  });
}
