import { faults, foldsOf, stepsOf, textsOf } from "../../test/pictures/layout";
import { clusterIp, longJourney } from "../../test/pictures/paths";
import { samples } from "../../test/pictures/samples";
import { display, traversalPicture } from "./index";
import { PALETTE } from "./sketch/palette";
import type { Mark } from "./sketch/scene";
import { specOf } from "./sketch/spec";

const all = Object.entries(samples());

describe.each(all)("the picture %s", (name, make) => {
  const picture = make();
  const { spec } = picture;
  // A removed line of a diff is struck out on purpose.
  const lines = !name.startsWith("diff");

  test("has no overlapping, crossed, too small or truncated text", () => {
    expect(faults(spec, undefined, lines)).toEqual([]);
  });

  test("has none with all folds open", () => {
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

  test("has every text unchanged in the static SVG", async () => {
    const plain = (text: string) =>
      text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
    const said = [...(await picture.svg()).matchAll(/<text[^>]*>([^<]*)/g)].map(([, text]) =>
      plain(text ?? ""),
    );
    const drawn = textsOf(spec).map(({ text }) => text);
    expect(drawn.filter((text) => !said.includes(text))).toEqual([]);
  });

  test("follows the theme: no fixed colour for text or background", () => {
    expect(spec["background"]).toBe("transparent");
    expect(JSON.stringify(spec["params"])).toContain("var(--jp-content-font-color1");
    expect(spec["usermeta"]).toEqual({ embedOptions: { renderer: "svg", actions: false } });
  });
});

describe("the layout check", () => {
  const text = (x: number, y: number, words: string) =>
    ({ kind: "text", x, y, text: words, role: "body" }) as const;
  const scene = (marks: readonly Mark[]) =>
    specOf({ width: 200, height: 100, description: "", marks }, "live");

  test.each([
    ["texts that overlap", [text(0, 20, "one text"), text(20, 22, "another")]],
    ["a text that is cut off", [text(180, 20, "too long for it")]],
    ["a text beneath the end", [text(0, 110, "too low")]],
    [
      "a line through a text",
      [
        text(0, 20, "struck"),
        {
          kind: "line",
          points: [
            [0, 17],
            [90, 17],
          ],
          stroke: "ink",
        } as const,
      ],
    ],
    [
      "a bent line through a text",
      [
        text(0, 50, "struck"),
        {
          kind: "line",
          points: [
            [10, 0],
            [10, 90],
            [90, 90],
          ],
          stroke: "ink",
        } as const,
      ],
    ],
  ] satisfies [string, Mark[]][])("finds %s", (_, marks) => {
    expect(faults(scene(marks))).toHaveLength(1);
  });

  test("finds no fault in a correct picture", () => {
    expect(faults(scene([text(0, 20, "one"), text(0, 40, "another")]))).toEqual([]);
  });
});

test("a journey with hundreds of rules takes less than 200 kB", () => {
  const { spec } = traversalPicture(clusterIp(400), { outcome: 1 });
  expect(JSON.stringify(spec).length).toBeLessThan(200_000);
});

test("five hosts with hundreds of rules in each of four tables take less than 200 kB", () => {
  const { spec } = traversalPicture(longJourney(5, 400));
  expect(JSON.stringify(spec).length).toBeLessThan(200_000);
});

describe("every colour of text", () => {
  // JupyterLab 4.6's own values, light and dark.
  const grounds = [
    { ground: [255, 255, 255], ink: [0, 0, 0, 0.87] },
    { ground: [17, 17, 17], ink: [255, 255, 255, 1] },
  ] as const;
  const over = (top: readonly number[], alpha: number, under: readonly number[]) =>
    under.map((value, i) => (top[i] ?? 0) * alpha + value * (1 - alpha));
  const luminance = (rgb: readonly number[]) => {
    const [r = 0, g = 0, b = 0] = rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a: readonly number[], b: readonly number[]) => {
    const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (light + 0.05) / (dark + 0.05);
  };
  const hex = (colour: string) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));

  test.each(grounds)("has a contrast of 4.5 : 1 on $ground", ({ ground, ink }) => {
    const inkOn = (share: number, under: readonly number[]) => over(ink, ink[3] * share, under);
    const card = inkOn(0.06, ground);
    const changed = over(hex("#d98a00"), 0.3, card);
    const wrong = over(hex("#e0464f"), 0.26, card);
    for (const under of [ground, card, changed, wrong])
      expect(contrast(inkOn(1, under), under)).toBeGreaterThan(4.5);
    for (const under of [ground, card]) expect(contrast(inkOn(0.7, under), under)).toBeGreaterThan(4.5);
  });

  test("has a contrast of 4.5 : 1 in white on every pill", () => {
    for (const [tone, { live }] of Object.entries(PALETTE)) {
      if (tone.endsWith("Pill"))
        expect([tone, contrast([255, 255, 255], hex(live)) >= 4.5]).toEqual([tone, true]);
    }
  });
});
