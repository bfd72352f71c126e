import { type Picture, picture } from "../picture";
import { wrap } from "../sketch/font-metrics";
import { Layout } from "../sketch/layout";
import { heading, thousands, WIDTH } from "../sketch/shapes";
import { probabilityText } from "../traversal/phrases";
import { type Fairness, fairness } from "./fair";
import { BARS, drawTree } from "./tree";
import type { ServiceView } from "./view";

export {
  type ServiceView,
  serviceOf,
} from "./view";

/**
 * Draws a service as implemented by its rules: the chains up to the random choice, the endpoints with their
 * probabilities, and next to them the counted connections compared with the expected number.
 *
 * Shell: `iptables -t nat -L KUBE-SERVICES -n -v` and every chain it jumps to.
 */
export function servicePicture(service: ServiceView): Picture {
  const layout = new Layout();
  const title =
    service.name === service.address ? service.address : `service ${service.name} · ${service.address}`;
  const fact = service.fact ?? "no interface has this address: it exists in these rules only";
  const head = heading(title, fact);
  layout.put(...head.marks);
  layout.y = head.height + 8;
  const total = service.endpoints.reduce((sum, end) => sum + (end.counted ?? 0), 0);
  const top = layout.y;
  if (total > 0) {
    layout.put(
      { kind: "text", x: BARS, y: top + 10, text: "┆ expected", role: "small", tone: "mute" },
      {
        kind: "text",
        x: WIDTH,
        y: top + 10,
        text: `counted, of ${thousands(total)}`,
        role: "small",
        tone: "mute",
        align: "right",
      },
    );
    layout.y += 16;
  }
  drawTree(layout, service, total);
  const fair = fairness(
    service.endpoints.map((end) => ({ probability: end.probability, counted: end.counted ?? 0 })),
  );
  const notes = [...(fair === undefined ? [] : [fairText(fair)]), ...(service.notes ?? [])];
  layout.y += notes.length > 0 ? 8 : 0;
  for (const note of notes) {
    for (const line of wrap(note, "body", WIDTH, 3)) {
      layout.put({ kind: "text", x: 0, y: layout.y + 12, text: line, role: "body", tone: "mute" });
      layout.y += 17;
    }
  }
  return picture(
    layout.scene(WIDTH, `${title}: ${service.endpoints.length} endpoints`),
    serviceText(title, fact, service, notes),
  );
}

function fairText({ chiSquare, degrees, p }: Fairness): string {
  const verdict =
    p >= 0.01
      ? "the kernel's dice are fair"
      : "fair dice come out like this less than once in a hundred times";
  const degree = degrees === 1 ? "1 degree" : `${degrees} degrees`;
  return `χ² = ${chiSquare.toFixed(2)} on ${degree} of freedom, p = ${p < 0.001 ? p.toExponential(1) : p.toFixed(2)}: ${verdict}`;
}

function serviceText(title: string, fact: string, service: ServiceView, notes: readonly string[]): string {
  const lines = [`${title} · ${fact}`];
  for (const one of service.chains)
    lines.push(`  ${one.chain}${one.says === undefined ? "" : ` ${one.says}`}`);
  for (const end of service.endpoints) {
    const parts = [
      end.address ?? end.refused ?? "",
      `p = ${probabilityText(end.probability)}`,
      end.condition,
      end.name,
      end.chain,
      end.counted === undefined ? undefined : `counted ${end.counted}`,
    ];
    lines.push(`    → ${parts.filter((part) => part !== undefined).join(", ")}`);
  }
  if (service.endpoints.length === 0) lines.push("    no endpoint");
  lines.push(...notes);
  return lines.join("\n");
}
