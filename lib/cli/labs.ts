import type { Command } from "commander";
import { Engine } from "../engine/engine";
import { type Belongings, belongings } from "../lab/orphans";

/** `wirebook labs`: what every session has on the engine. */
export function configure(command: Command): void {
  command.option("--json", "as JSON").action(async ({ json }: { json?: boolean }) => {
    const found = await belongings(await Engine.connect());
    console.log(json === true ? JSON.stringify(found, undefined, 2) : listing(found));
  });
}

/** The lines of `wirebook labs`: one for each session, its labs and what they hold. */
export function listing(found: readonly Belongings[]): string {
  if (found.length === 0) return "No lab is open.";
  const rows = found.map(({ owner, by, since, labs, containers, networks, volumes, reaper }) => [
    owner,
    labs.join(" ") || "-",
    by || "-",
    since.slice(0, 19).replace("T", " ") || "-",
    String(containers.length + (reaper ? 1 : 0)),
    String(networks.length),
    String(volumes.length),
    reaper?.state === "running" ? "watched" : "left behind",
  ]);
  const head = ["SESSION", "LABS", "BY", "SINCE (UTC)", "CONTAINERS", "NETWORKS", "VOLUMES", "STATE"];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
