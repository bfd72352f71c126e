import { LabError, type Process } from "../engine";
import { LabLink } from "./link";
import type { ContainerPlace } from "./place";

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

// socat opens a tap in the namespace it stands in, so each end has its own socat there; a socket pair of the
// workbench's file system joins them. SEQPACKET keeps frames apart. All of it ends when stdin does.
const program = `dir=$(mktemp -d) && path=$dir/wire
trap 'kill $first $second 2>/dev/null; rm -rf "$dir"' EXIT
nsenter -t "$1" -n socat -b 65536 "TUN:$5,tun-type=tap,tun-name=$2,iff-no-pi,iff-up" "UNIX-LISTEN:$path,type=5" &
first=$!
for try in $(seq 200); do [ -S "$path" ] && break; sleep 0.01; done
nsenter -t "$3" -n socat -b 65536 "TUN:$6,tun-type=tap,tun-name=$4,iff-no-pi,iff-up" "UNIX-CONNECT:$path,type=5" &
second=$!
for try in $(seq 200); do
  nsenter -t "$3" -n ip link show "$4" >/dev/null 2>&1 && nsenter -t "$1" -n ip link show "$2" >/dev/null 2>&1 && break
  sleep 0.01
done
kill -0 $first $second && echo ready
read -r _
`;

/**
 * Makes two taps and the program between them. Shell: `socat TUN:…,tun-type=tap UNIX-LISTEN:…` at each end.
 *
 * @throws LabError `NOT_SUPPORTED` with socat's words when the machine has no /dev/net/tun.
 */
export async function addTapCable(a: TapEnd, b: TapEnd): Promise<TapCable> {
  const [left, right] = await Promise.all([a.place.entrance(), b.place.entrance()]);
  let said = "";
  let ready = (): void => undefined;
  const up = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const argv = [String(left.pid), a.name, String(right.pid), b.name, a.address ?? "", b.address ?? ""];
  const process = await left.bench.engine.open(left.bench.container, ["sh", "-c", program, "sh", ...argv], {
    where: `${a.place.name} – ${b.place.name}`,
    sink: {
      stdout: () => ready(),
      stderr: (chunk) => {
        said += chunk.toString();
      },
    },
  });
  const ended = process.exit.then(() => true);
  if (await Promise.race([up.then(() => false), ended])) {
    throw new LabError("NOT_SUPPORTED", {
      where: `${a.place.name} – ${b.place.name}`,
      found: `the tap devices could not be made (${said.trim().split("\n").at(-1) ?? ""})`,
      advice: "The engine's machine needs /dev/net/tun: sudo modprobe tun.",
    });
  }
  process.unref();
  return new TapCable(new LabLink(a.place, a.name), new LabLink(b.place, b.name), process);
}
