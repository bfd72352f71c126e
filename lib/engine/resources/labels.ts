/** Labels of a container, network or volume. */
export type Labels = Readonly<Record<string, string>>;

/** What Wirebook writes on everything that it makes; nothing without `owner` is ever removed. */
export const label = {
  /** `lab`, `session` or `image`. */
  wirebook: "wirebook",
  /** The process that made it: one id for each session. */
  owner: "wirebook.owner",
  /** Name of the lab. */
  lab: "wirebook.lab",
  /** One id for each opening of a lab. */
  opening: "wirebook.lab.id",
  /** Node id of the engine that made it, on what all engines of a swarm list. */
  node: "wirebook.node",
  /** Name of the place. */
  place: "wirebook.place",
  /** `outside`, `pod`, `app`, `netns`, `docker-host`, `node`, `reaper`, `reader` … */
  role: "wirebook.role",
  /** When it was made, in ISO 8601. */
  since: "wirebook.since",
  /** Host name and process id of the owner, for people. */
  by: "wirebook.by",
} as const;

/** Role of a container whose control group holds the limits of another one: it is removed after all others. */
export const limitsRole = "limits";

/** The engine's filter for things that bear all of these labels; an empty value means any. */
export function labelFilter(labels: Partial<Labels>): { label?: string[] } {
  const wanted = Object.entries(labels).map(([key, value]) => (value ? `${key}=${value}` : key));
  return wanted.length === 0 ? {} : { label: wanted };
}
