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
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
