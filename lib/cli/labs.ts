import type { Command } from "commander";
import { type Belongings, belongings } from "../lab/runtime/orphans";
import { connectAll, type EngineOptions, engineOption } from "./engines";

interface Options extends EngineOptions {
  readonly json?: boolean;
}

/** Configures `wirebook labs`: lists the resources of each session on one or several engines. */
export function configure(command: Command): void {
  engineOption(command)
    .option("--json", "print JSON")
    .action(async ({ json, engine }: Options) => {
      const engines = await connectAll(engine);
      const all = await Promise.all(engines.map(belongings));
      if (json === true) console.log(JSON.stringify(all.flat(), undefined, 2));
      else if (engines.length === 1) console.log(listing(all.flat()));
      else
        for (const [index, found] of all.entries())
          console.log(`${engines[index]?.name}\n${listing(found)}\n`);
    });
}

/** Formats the table of `wirebook labs`: one line per session with its labs and the number of their resources. */
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
