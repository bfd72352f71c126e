import type { Engine } from "./engine";
import type { Process } from "./exec/process";
import { type Labels, label, limitsRole } from "./resources/labels";

/** Seconds that what a session made outlives the session. With the removal itself it is under ten. */
const graceSeconds = 3;

// Runs in the reaper's container: waits as long as a process holds it (a `cat` that ends with the owner's
// connection), then removes all that bears the owner's label, again until nothing is left, and itself last.
const script = `
owner=$1 grace=$2 self=
rm -f /tmp/hold.*
api() { curl -sSf -m 60 --unix-socket /run/engine.sock "$@"; }
filter="{\\"label\\":[\\"${label.owner}=$owner\\"]}"
mine="{\\"label\\":[\\"${label.owner}=$owner\\",\\"${label.role}=reaper\\"]}"
limits="{\\"label\\":[\\"${label.owner}=$owner\\",\\"${label.role}=${limitsRole}\\"]}"
remove() { api -X DELETE "http://engine/containers/$1?force=1&v=1" >/dev/null; }
leave() {
  api -X POST -H 'Content-Type: application/json' -d "{\\"Container\\":\\"$2\\",\\"Force\\":true}" "http://engine/networks/$1/disconnect" >/dev/null
}
things() { api -G --data-urlencode "filters=$filter" "http://engine/$1"; }
# A swarm's networks have ids of letters and digits, all others of hex digits.
ids() { grep -o '"Id":"[0-9a-z]*"' | cut -d'"' -f4; }
held() {
  for file in /tmp/hold.*; do
    [ -e "$file" ] || return 1
    if kill -0 "\${file##*.}" 2>/dev/null; then return 0; fi
    rm -f "$file"
  done
  return 1
}
# Until it is held for the first time it waits longer: on a busy machine that takes a moment.
idle=-5
while [ "$idle" -lt "$grace" ]; do
  if held; then idle=0; else idle=$((idle + 1)); fi
  sleep 1
done
# On the machine's own network the host name is the machine's, so the engine must say which container this is.
until [ -n "$self" ]; do
  self=$(api -G --data-urlencode "filters=$mine" 'http://engine/containers/json?all=1' | ids)
  [ -n "$self" ] || sleep 0.3
done
# What the owner asked for last may be starting. An engine that counts a network's endpoints may miscount one that comes
# while another one goes, and then never removes the network. It answers for such a container once its start is over.
started="{\\"label\\":[\\"${label.owner}=$owner\\"],\\"status\\":[\\"created\\"]}"
starting() { api -G --data-urlencode "filters=$started" 'http://engine/containers/json?all=1' | ids; }
begun=$(date +%s)
# A twentieth of the time that has passed, from 0.2 seconds to a minute: what cannot be removed, as a network that a swarm
# keeps for an engine that is gone, is tried until it can.
rest() {
  passed=$(($(date +%s) - begun))
  if [ "$passed" -lt 20 ]; then sleep 0.2; elif [ "$passed" -lt 1200 ]; then sleep $((passed / 20)); else sleep 60; fi
}
while :; do
  # An engine that does not answer has not said that nothing is left.
  containers=$(things 'containers/json?all=1') && networks=$(things networks) && volumes=$(things volumes) || { rest; continue; }
  containers=$(echo "$containers" | ids | grep -v "^$self")
  networks=$(echo "$networks" | ids)
  volumes=$(echo "$volumes" | grep -o '"Name":"[^"]*"' | cut -d'"' -f4)
  [ -n "$containers$networks$volumes" ] || break
  # Those that hold the limits of others go when the others are gone.
  last=$(api -G --data-urlencode "filters=$limits" 'http://engine/containers/json?all=1') || { rest; continue; }
  first=$(echo "$containers" | grep -vxF -e none $(echo "$last" | ids | sed 's/^/-e /'))
  containers=\${first:-$containers}
  for id in $(starting); do api "http://engine/containers/$id/json" >/dev/null & done; wait
  # Off each network one by one, as of two endpoints that go at the same moment Docker may count one on; the rest at once.
  members=
  for net in $networks; do
    on=$(api "http://engine/networks/$net" | grep -o '"[0-9a-f]\\{64\\}":{' | cut -d'"' -f2 | grep -xF "$containers")
    members="$members $on"
    {
      for id in $on; do
        leave "$net" "$id"
        remove "$id" &
      done
      wait
    } &
  done
  for id in $containers; do
    case "$members" in *"$id"*) ;; *) remove "$id" & ;; esac
  done
  wait
  for id in $networks; do api -X DELETE "http://engine/networks/$id" >/dev/null & done; wait
  for id in $volumes; do api -X DELETE "http://engine/volumes/$id?force=1" >/dev/null & done; wait
  rest
done
api -X DELETE "http://engine/containers/$self?force=1&v=1"
`;

const hold = "echo $$ > /tmp/hold.$$; echo held; exec cat > /dev/null";

/** What a {@link Reaper} is made from. */
export interface ReaperSpec {
  readonly engine: Engine;
  readonly owner: string;
  readonly name: string;
  /** The base image: it has a shell and curl. */
  readonly image: string;
  readonly labels: Labels;
  /** The engine's socket as its own machine names it. Default: `/var/run/docker.sock`. */
  readonly socket?: string;
}

/**
 * The container that outlives every process of ours. It holds the engine's socket, and it is held by a stream from the
 * owner that ends with the owner, however that ends: `kill -9` closes sockets too, and a cell in a busy loop does not.
 * It starts again with the engine (`--restart always`), so that it also clears what a crash of the machine left.
 *
 * It stands in the engine's own network namespace, which can so be read without another container.
 */
export class Reaper {
  readonly container: string;
  /** A process in the engine's own network namespace, as the engine's machine counts. */
  readonly pid: number;
  readonly #engine: Engine;
  readonly #released = new AbortController();
  #stream: Process | undefined;

  private constructor(engine: Engine, container: string, pid: number) {
    this.#engine = engine;
    this.container = container;
    this.pid = pid;
  }

  /** Starts one. Nothing holds it yet: it ends by itself after some seconds unless {@link hold} is called. */
  static async start(spec: ReaperSpec): Promise<Reaper> {
    const info = await spec.engine.containers.run({
      name: spec.name,
      image: spec.image,
      command: ["sh", "-c", script, "reaper", spec.owner, String(graceSeconds)],
      labels: { ...spec.labels, [label.role]: "reaper" },
      network: "host",
      // Only for reading the machine's rules and counters; nothing here writes to its namespace.
      capabilities: ["NET_ADMIN", "NET_RAW"],
      binds: [`${spec.socket ?? "/var/run/docker.sock"}:/run/engine.sock`],
      init: true,
      restart: "always",
      memoryBytes: 256 * 1024 * 1024,
      pids: 256,
    });
    return new Reaper(spec.engine, info.id, info.pid);
  }

  /**
   * Holds the reaper for as long as this process lives.
   *
   * @param lost - called when it cannot be held any more: the engine ended, or someone removed it.
   */
  hold(lost: () => void): Promise<void> {
    return this.#hold(lost, true);
  }

  /** Lets go: after some seconds the reaper removes everything, and itself. */
  drop(): void {
    this.#released.abort();
    this.#stream?.destroy();
  }

  /** Removes the reaper, once nothing is left that it would have to remove. */
  async release(): Promise<void> {
    this.#released.abort();
    await this.#engine.containers.remove(this.container);
  }

  async #hold(lost: () => void, first: boolean): Promise<void> {
    let held = (): void => undefined;
    const ready = new Promise<void>((resolve) => {
      held = resolve;
    });
    const stream = await this.#engine.open(this.container, ["sh", "-c", hold], {
      where: "reaper",
      sink: { stdout: () => held() },
      signal: this.#released.signal,
    });
    const ended = stream.exit.then(
      () => undefined,
      () => undefined,
    );
    this.#stream = stream;
    await Promise.race([ready, ended]);
    stream.unref();
    ended.then(async () => {
      if (this.#released.signal.aborted) return;
      // Once more, because a connection may break while both ends are well.
      if (first) await this.#hold(lost, false).catch(lost);
      else lost();
    });
  }
}
