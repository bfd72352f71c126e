import { LabError } from "../../engine";

/**
 * Returns `name` if it is valid for a lab or a place: an RFC 1123 label of at most 40 characters (lower-case letters,
 * digits and hyphens). The name becomes part of host names and container names.
 *
 * @throws LabError `BAD_NAME` otherwise.
 */
export function checkName(name: string, what: "lab" | "place"): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) return name;
  const better = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  throw new LabError("BAD_NAME", {
    where: `${what} ${JSON.stringify(name)}`,
    found:
      "a name has at most 40 lower-case letters, digits and hyphens, and begins and ends with a letter or digit",
    advice:
      better === ""
        ? `Choose another name, for example ${what === "lab" ? "my-lab" : "web"}.`
        : `For example: ${better}.`,
  });
}
