import type { Engine } from "./engine";
import type { Process } from "./exec/process";
import { type Labels, label, limitsRole } from "./resources/labels";

/** Time between the end of a session and the removal of its objects. Including the removal it is under 10 s. */
const GRACE_SECONDS = 3;

// Runs in the reaper's container. Waits while a `cat` process runs there, which ends with the owner's connection. Then
// removes everything with the owner's label, repeats this until nothing is left, and finally removes its own container.
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
# Ids of a swarm's networks consist of letters and digits, all others of hex digits.
ids() { grep -o '"Id":"[0-9a-z]*"' | cut -d'"' -f4; }
held() {
  for file in /tmp/hold.*; do
    [ -e "$file" ] || return 1
    if kill -0 "\${file##*.}" 2>/dev/null; then return 0; fi
    rm -f "$file"
  done
  return 1
}
# Waits longer for the first hold, because opening the stream can take several seconds on a busy machine.
idle=-5
while [ "$idle" -lt "$grace" ]; do
  if held; then idle=0; else idle=$((idle + 1)); fi
  sleep 1
done
# The container is on the machine's network and has the machine's host name, so its id comes from the engine.
until [ -n "$self" ]; do
  self=$(api -G --data-urlencode "filters=$mine" 'http://engine/containers/json?all=1' | ids)
  [ -n "$self" ] || sleep 0.3
done
# A container of the owner's last request may still be starting. If an endpoint joins a network while another one leaves,
# Docker may miscount the endpoints and then never remove the network. Inspecting a starting container waits for its start.
started="{\\"label\\":[\\"${label.owner}=$owner\\"],\\"status\\":[\\"created\\"]}"
starting() { api -G --data-urlencode "filters=$started" 'http://engine/containers/json?all=1' | ids; }
begun=$(date +%s)
# Waits a twentieth of the time passed so far, from 0.2 s to 60 s. Objects that can't be removed yet, such as a network
# that a swarm keeps for a stopped engine, are tried until they can.
rest() {
  passed=$(($(date +%s) - begun))
  if [ "$passed" -lt 20 ]; then sleep 0.2; elif [ "$passed" -lt 1200 ]; then sleep $((passed / 20)); else sleep 60; fi
}
while :; do
  # If a request fails, objects may be left: try again.
  containers=$(things 'containers/json?all=1') && networks=$(things networks) && volumes=$(things volumes) || { rest; continue; }
  containers=$(echo "$containers" | ids | grep -v "^$self")
  networks=$(echo "$networks" | ids)
  volumes=$(echo "$volumes" | grep -o '"Name":"[^"]*"' | cut -d'"' -f4)
  [ -n "$containers$networks$volumes" ] || break
  # Containers whose cgroup holds the limits of others are removed after the others.
  last=$(api -G --data-urlencode "filters=$limits" 'http://engine/containers/json?all=1') || { rest; continue; }
  first=$(echo "$containers" | grep -vxF -e none $(echo "$last" | ids | sed 's/^/-e /'))
  containers=\${first:-$containers}
  for id in $(starting); do api "http://engine/containers/$id/json" >/dev/null & done; wait
  # Containers leave each network one by one: if two endpoints leave at the same time, Docker may miscount them. All other
  # removals run in parallel.
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

/** Options of a {@link Reaper}. */
export interface ReaperSpec {
  readonly engine: Engine;
  readonly owner: string;
  readonly name: string;
  /** The base image, which has a shell and curl. */
  readonly image: string;
  readonly labels: Labels;
  /** Path of the engine's socket on the engine's machine. Default: `/var/run/docker.sock`. */
  readonly socket?: string;
}

/**
 * A container that removes everything a session created when the session ends. The session holds a stream to it, which
 * the kernel closes however the session's process ends, including `kill -9`. A busy loop in a cell doesn't close it. The
 * container has access to the engine's socket. It restarts with the engine (`--restart always`), so it also cleans up
 * after a crash of the machine.
 *
 * It runs in the engine's own network namespace (`--network host`), so that no other container is needed to read that
 * namespace.
 */
export class Reaper {
  readonly container: string;
  /** A process in the engine's own network namespace: its pid on the engine's machine. */
  readonly pid: number;
  readonly #engine: Engine;
  readonly #released = new AbortController();
  #stream: Process | undefined;

  private constructor(engine: Engine, container: string, pid: number) {
    this.#engine = engine;
    this.container = container;
    this.pid = pid;
  }

  /** Starts a reaper. It removes everything after some seconds unless {@link hold} is called. */
  static async start(spec: ReaperSpec): Promise<Reaper> {
    const info = await spec.engine.containers.run({
      name: spec.name,
      image: spec.image,
      command: ["sh", "-c", script, "reaper", spec.owner, String(GRACE_SECONDS)],
      labels: { ...spec.labels, [label.role]: "reaper" },
      network: "host",
      // To read the machine's rules and counters. Nothing writes to its namespace.
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
   * Holds the reaper until this process ends.
   *
   * @param lost - called when the reaper can't be held any more: the engine stopped, or somebody removed the reaper.
   */
  hold(lost: () => void): Promise<void> {
    return this.#hold(lost, true);
  }

  /** Stops holding the reaper. After some seconds it removes everything, then itself. */
  drop(): void {
    this.#released.abort();
    this.#stream?.destroy();
  }

  /** Removes the reaper. Call it when everything else has been removed. */
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
      // Try a second time, because a connection can break while both ends still work.
      if (first) await this.#hold(lost, false).catch(lost);
      else lost();
    });
  }
}
