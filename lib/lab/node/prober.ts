import type { Engine, Process } from "../../engine";
import { probeLine, type Readiness } from "../pod/spec/readiness";

// A bash program that starts no other programs: /dev/tcp connects, and `read -t` on an empty pipe sleeps. Each pod has its own
// loop in a subshell, so that a probe that hangs doesn't delay the others.
const PROGRAM = `export LC_ALL=C
trap '' PIPE
exec 9<> <(:)
declare -A loops
probe() {
  local name=$1 address=$2 port=$3 path=$4 seconds=$5 last= now line
  while :; do
    now=0
    if { exec 3<>"/dev/tcp/$address/$port"; } 2>/dev/null; then
      if [ "$path" = - ]; then now=1
      elif printf 'GET %s HTTP/1.0\\r\\nHost: %s\\r\\nUser-Agent: kube-probe\\r\\n\\r\\n' "$path" "$address" >&3 2>/dev/null &&
        IFS= read -r -t 1 line <&3 && [[ $line == HTTP/*\\ [23]* ]]; then now=1
      fi
      exec 3>&-
    fi
    if [ "$now" != "$last" ]; then printf '%s %s\\n' "$name" "$now"; last=$now; fi
    read -r -t "$seconds" _ <&9
  done
}
while read -r verb name rest; do
  if [ -n "\${loops[$name]}" ]; then kill "\${loops[$name]}" 2>/dev/null; unset "loops[$name]"; fi
  if [ "$verb" = add ]; then probe "$name" $rest & loops[$name]=$!; fi
done
kill "\${loops[@]}" 2>/dev/null`;

/** Runs the readiness probes of the pods of one node. Like kubelet, it connects from the node. */
export class Prober {
  readonly #engine: Engine;
  readonly #container: string;
  readonly #where: string;
  readonly #listeners = new Map<string, (ready: boolean) => void>();
  #process: Promise<Process> | undefined;
  #rest = "";

  constructor(engine: Engine, container: string, where: string) {
    this.#engine = engine;
    this.#container = container;
    this.#where = where;
  }

  /** Calls `listener` with the first result of the probe, and then whenever the result changes. */
  async watch(
    name: string,
    address: string,
    readiness: Readiness,
    listener: (ready: boolean) => void,
  ): Promise<void> {
    this.#listeners.set(name, listener);
    await (await this.#open()).write(probeLine(name, address, readiness));
  }

  /** Stops the probe of a pod. */
  async forget(name: string): Promise<void> {
    if (!this.#listeners.delete(name)) return;
    const process = await this.#process;
    await process?.write(`del ${name}\n`).catch(() => undefined);
  }

  /** Stops all probes. */
  close(): void {
    this.#listeners.clear();
    const process = this.#process;
    this.#process = undefined;
    process?.then(
      (open) => {
        open.end();
        open.destroy();
      },
      () => undefined,
    );
  }

  #open(): Promise<Process> {
    this.#process ??= this.#engine.open(this.#container, ["bash", "-c", PROGRAM], {
      where: this.#where,
      sink: { stdout: (chunk) => this.#onOutput(chunk.toString()) },
    });
    return this.#process;
  }

  #onOutput(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const [name = "", ready] = line.split(" ");
      this.#listeners.get(name)?.(ready === "1");
    }
  }
}
