import { mkdirSync } from "node:fs";
import path from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { drawSvg } from "../../lib/chart/sketch/svg";
import { samples } from "../pictures/samples";

/**
 * Draws every kind of picture in a real browser, in both themes and with the fonts of this machine. Checks that the
 * text sizes that the layout assumes are correct. Saves the images in `.wirebook/pictures` for visual review.
 */
const OUT = path.join(__dirname, "..", "..", ".wirebook", "pictures");

// Values from JupyterLab 4.6.
const THEMES = {
  light: {
    ground: "white",
    variables:
      "--jp-content-font-color0:#000;--jp-content-font-color1:rgba(0,0,0,.87);--jp-layout-color0:white;--jp-layout-color1:white",
  },
  dark: {
    ground: "#111",
    variables:
      "--jp-content-font-color0:#fff;--jp-content-font-color1:#fff;--jp-layout-color0:#111;--jp-layout-color1:#212121",
  },
} as const;

const FONTS =
  "--jp-ui-font-family:system-ui,-apple-system,'Segoe UI',helvetica,arial,sans-serif;--jp-code-font-family:menlo,consolas,'DejaVu Sans Mono',monospace";

let browser: Browser;
let page: Page;

beforeAll(async () => {
  mkdirSync(OUT, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env["WIREBOOK_CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
    ],
  });
  page = await browser.newPage({ viewport: { width: 840, height: 600 } });
}, 60_000);

afterAll(() => browser.close());

/** Finds visible texts that overlap or are cut off. Line boxes may overlap slightly, letters may not. */
const TROUBLE = `(() => {
  const svg = document.querySelector("svg");
  if (svg === null) return ["no picture"];
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")]
    .filter((text) => getComputedStyle(text).opacity !== "0" && text.textContent.trim() !== "")
    .map((text) => ({ name: text.textContent, box: text.getBoundingClientRect() }));
  return texts.flatMap(({ name, box }, i) => [
    ...(box.left < frame.left || box.right > frame.right || box.bottom > frame.bottom + 1 ? [name + " is cut off"] : []),
    ...texts.slice(i + 1).flatMap((other) => {
      const wide = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
      const high = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
      return wide > 1 && high > 4.5 ? [name + " meets " + other.name] : [];
    }),
  ]);
})()`;

// The first picture also loads Vega, which takes several seconds on a busy machine.
jest.setTimeout(60_000);

describe.each(Object.entries(samples()))("the picture %s", (name, make) => {
  test.each(["light", "dark"] as const)("has no overlapping or cut-off text (%s theme)", async (theme) => {
    const svg = await drawSvg(make().spec);
    const { ground, variables } = THEMES[theme];
    await page.setContent(`<body style="margin:0;background:${ground};${variables};${FONTS}">${svg}</body>`);
    expect(await page.evaluate(TROUBLE)).toEqual([]);
    await page
      .locator("svg")
      .first()
      .screenshot({ path: path.join(OUT, `${name}-${theme}.png`) });
  });
});
