/**
 * Renders a specification as a static SVG. Loads Vega and Vega-Lite on demand, because loading them takes longer than
 * laying out any picture. Uses `import()`, because both are ESM only and Node.js warns if they are loaded with
 * `require()`.
 */
export async function drawSvg(spec: Readonly<Record<string, unknown>>): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const plain: Parameters<typeof vegaLite.compile>[0] = JSON.parse(JSON.stringify(spec));
  const { spec: compiled } = vegaLite.compile(plain);
  const view = new vega.View(vega.parse(compiled), { renderer: "none" });
  try {
    return slim(await view.toSVG());
  } finally {
    view.finalize();
  }
}

const NUMBER = /-?\d+\.\d{3,}/g;
const SAYS_NOTHING =
  / (?:aria-[a-z]+|role|class|pointer-events)="[^"]*"| (?:opacity="1"|text-anchor="start"|font-weight="400"|stroke-dasharray="1,0"|transform="translate\(0,0\)")/g;
const FAMILY = / font-family="([^"]*)"/g;

/**
 * Halves the size of an SVG: removes default values and ARIA roles of marks, rounds to a hundredth of a pixel, and sets
 * the most common font only once.
 */
function slim(svg: string): string {
  // Rounds numbers only inside tags: an IP address in a text also contains something like a number (10.244).
  const plain = svg.replace(/<[^>]+>/g, (tag) =>
    tag.replace(SAYS_NOTHING, "").replace(NUMBER, (number) => String(Math.round(Number(number) * 100) / 100)),
  );
  const families = [...plain.matchAll(FAMILY)].map(([, family]) => family ?? "");
  const [most] = [...new Set(families)].sort(
    (a, b) => families.filter((one) => one === b).length - families.filter((one) => one === a).length,
  );
  if (most === undefined) return plain;
  const said = ` font-family="${most}"`;
  return plain.replaceAll(said, "").replace("<svg", `<svg${said}`);
}
