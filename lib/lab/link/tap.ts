import ipaddr from "ipaddr.js";
import { LabError, type Process } from "../../engine";
import type { ContainerPlace } from "../place/place";
import { LabLink } from "./link";
import { checkOneEngine } from "./veth";

/** A tap device: whatever the kernel sends out of it, a program reads as a frame, and the other way round. */
export interface TapEnd {
  readonly place: ContainerPlace;
  /** Name of the device, at most 15 characters. */
  readonly name: string;
  /** With its prefix. Default: none. */
  readonly address?: string;
}

/**
 * Two tap devices and one program between them, that reads each frame from one and writes it to the other: a cable
 * made of a process. When the program ends, both devices are gone.
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

  /** Ends the program: both devices go with it. */
  async cut(): Promise<void> {
    this.#process.end();
    await this.#process.exit.catch(() => undefined);
  }
}

/** Seconds that the two programs may take until they carry frames. */
const START_TIMEOUT_S = 20;

/** Exit code for a name that a link of its namespace has already. */
const TAKEN = 3;

// socat opens a tap in the namespace in which it runs, so each end has its own socat there; a socket pair of the
// toolbox's file system joins them. SEQPACKET keeps frames apart. Each says (-d -d) when it carries frames: only then
// is its tap its own, as a link of that name may be that of another cable. All of it ends when stdin does, and is gone
// when this program has ended.
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
 * Makes two taps and the program between them. Shell: `socat TUN:…,tun-type=tap UNIX-LISTEN:…` at each end.
 *
 * @throws LabError `NAME_TAKEN` when a link of that name exists, `BAD_NAME`, `BAD_ADDRESS`; `NOT_SUPPORTED` with socat's
 *   words when the machine has no /dev/net/tun, and for two places in different engines.
 */
export async function addTapCable(a: TapEnd, b: TapEnd): Promise<TapCable> {
  for (const end of [a, b]) checkEnd(end);
  const [left, right] = await Promise.all([a.place.netnsHandle(), b.place.netnsHandle()]);
  checkOneEngine(a.place, left, b.place, right);
  const where = `${a.place.name} – ${b.place.name}`;
  let said = "";
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
          said += chunk.toString();
        },
      },
    },
  );
  const started = await Promise.race([up, process.exit]);
  if (started !== "up") throw notMade(a, b, started, said);
  process.unref();
  return new TapCable(new LabLink(a.place, a.name), new LabLink(b.place, b.name), process);
}

// socat takes its options apart at these characters, so a name has to be one that it can be given.
function checkEnd({ place, name, address }: TapEnd): void {
  if (!/^[\w.-]{1,15}$/.test(name) || name === "." || name === "..") {
    throw new LabError("BAD_NAME", {
      where: place.name,
      found: `${JSON.stringify(name)} cannot name a tap device`,
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

function notMade(a: TapEnd, b: TapEnd, exitCode: number, said: string): LabError {
  const where = `${a.place.name} – ${b.place.name}`;
  const [error = ""] = said.split("\n").flatMap((line) => / E (.*)$/.exec(line)?.[1] ?? []);
  if (exitCode === TAKEN || /resource busy|Invalid argument/.test(error)) {
    return new LabError("NAME_TAKEN", {
      where,
      found: `a link of this name is there already: ${a.name} in ${a.place.name}, or ${b.name} in ${b.place.name}`,
      advice: "Choose other names, or end the cable that has these: cable.cut().",
    });
  }
  return new LabError("NOT_SUPPORTED", {
    where,
    found: `the tap devices could not be made (${error || said.trim().split("\n").at(-1) || `exit code ${exitCode}`})`,
    advice: "The engine's machine needs /dev/net/tun: sudo modprobe tun.",
  });
}
