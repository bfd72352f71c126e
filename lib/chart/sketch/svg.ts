/**
 * Draws a specification as a static SVG. Vega and Vega-Lite are loaded here and not before: they take longer to load
 * than every picture takes to be laid out. `import()` and not `require()`, since both are ESM only and Node warns of
 * a required ES module.
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
 * The same picture in half the text: without defaults, without marks for those who script it, to a hundredth of a pixel,
 * and with the font that most texts have said once.
 */
function slim(svg: string): string {
  // Inside of tags only: an address in a text is no length.
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
