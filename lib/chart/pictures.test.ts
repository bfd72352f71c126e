import { faults, foldsOf, stepsOf } from "../../test/pictures/layout";
import { samples } from "../../test/pictures/samples";
import { display } from "./index";

const all = Object.entries(samples());

describe.each(all)("the picture %s", (name, make) => {
  const picture = make();
  const { spec } = picture;
  // A removed line of a diff is struck out on purpose.
  const lines = !name.startsWith("diff");

  test("has no text that overlaps another, is crossed by a line, too small or cut off", () => {
    expect(faults(spec, undefined, lines)).toEqual([]);
  });

  test("has none with every fold open", () => {
    const open = new Set(foldsOf(spec).keys());
    expect(faults(spec, { open, step: 1 }, lines)).toEqual([]);
  });

  test("has none with any one fold open, at any step", () => {
    const folds = foldsOf(spec).length;
    for (let step = 1; step <= stepsOf(spec); step += 1) {
      const open = new Set(folds === 0 ? [] : [step % folds]);
      expect(faults(spec, { open, step }, lines)).toEqual([]);
    }
  });

  test("compiles with Vega-Lite without a warning", async () => {
    const { compile } = await import("vega-lite");
    const warnings: unknown[] = [];
    const keep = (...words: unknown[]) => {
      warnings.push(words);
      return logger;
    };
    const ignore = () => logger;
    const logger = { level: ignore, error: keep, warn: keep, info: ignore, debug: ignore };
    const plain: Parameters<typeof compile>[0] = JSON.parse(JSON.stringify(spec));
    compile(plain, { logger });
    expect(warnings).toEqual([]);
  });

  test("is smaller than 200 kB", () => {
    expect(JSON.stringify(spec).length).toBeLessThan(200_000);
  });

  test("is a MIME bundle of a Vega-Lite 5 chart, a static SVG and text, and never HTML", async () => {
    const bundle = await picture[display]();
    expect(Object.keys(bundle).sort()).toEqual([
      "application/vnd.vegalite.v5+json",
      "image/svg+xml",
      "text/plain",
    ]);
    const svg = String(bundle["image/svg+xml"]);
    expect(svg).toMatch(/^<svg/);
    expect(svg).not.toMatch(/var\(|color-mix|undefined|NaN/);
    expect(bundle["text/plain"]).toBe(picture.text);
  });

  test("follows the theme: no fixed colour for text or ground", () => {
    expect(spec["background"]).toBe("transparent");
    expect(JSON.stringify(spec["params"])).toContain("var(--jp-content-font-color1");
    expect(spec["usermeta"]).toEqual({ embedOptions: { renderer: "svg", actions: false } });
  });
});
