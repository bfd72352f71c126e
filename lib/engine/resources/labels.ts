/** Labels of a container, network or volume. */
export type Labels = Readonly<Record<string, string>>;

/** The labels of everything that Wirebook creates. It never removes anything without an `owner` label. */
export const label = {
  /** `lab`, `session` or `image`. */
  wirebook: "wirebook",
  /** Id of the session that created it. There is one session for each process. */
  owner: "wirebook.owner",
  /** Name of the lab. */
  lab: "wirebook.lab",
  /** Id of one opening of the lab. */
  opening: "wirebook.lab.id",
  /** Swarm node id of the engine that created it, for objects that all engines of a swarm list. */
  node: "wirebook.node",
  /** Name of the place. */
  place: "wirebook.place",
  /** `outside`, `pod`, `app`, `netns`, `docker-host`, `node`, `reaper`, `reader` … */
  role: "wirebook.role",
  /** Time of its creation, in ISO 8601. */
  since: "wirebook.since",
  /** Host name and process id of the owner, to be shown to users. */
  by: "wirebook.by",
} as const;

/** Role of a container whose cgroup holds the limits of another one. It is removed after all others. */
export const limitsRole = "limits";

/** Returns the engine's filter for objects that have all of these labels. An empty value matches any value. */
export function labelFilter(labels: Partial<Labels>): { label?: string[] } {
  const wanted = Object.entries(labels).map(([key, value]) => (value ? `${key}=${value}` : key));
  return wanted.length === 0 ? {} : { label: wanted };
}
