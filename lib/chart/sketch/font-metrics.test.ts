import fc from "fast-check";
import { elide, ROLES, type Role, textWidth, wrap } from "./font-metrics";

const role = fc.constantFrom(...(Object.keys(ROLES) as Role[]));
const room = fc.integer({ min: 30, max: 700 });
const words = fc
  .array(fc.stringMatching(/^[!-~]{1,40}$/), { minLength: 1, maxLength: 30 })
  .map((all) => all.join(" "));

describe("text that must fit", () => {
  test("elide never exceeds the width, and keeps text that fits", () => {
    fc.assert(
      fc.property(words, role, room, (text, as, wide) => {
        const short = elide(text, as, wide);
        expect(textWidth(short, as)).toBeLessThanOrEqual(wide);
        if (textWidth(text, as) <= wide) expect(short).toBe(text);
        else expect(short.endsWith("…")).toBe(true);
      }),
    );
  });

  test("wrap never exceeds the width or the number of lines", () => {
    fc.assert(
      fc.property(words, role, room, fc.integer({ min: 1, max: 5 }), (text, as, wide, most) => {
        const lines = wrap(text, as, wide, most);
        expect(lines.length).toBeLessThanOrEqual(most);
        for (const line of lines) expect(textWidth(line, as)).toBeLessThanOrEqual(wide);
      }),
    );
  });

  test("wrap loses only spaces, unless it truncates", () => {
    fc.assert(
      fc.property(words, role, room, (text, as, wide) => {
        expect(wrap(text, as, wide, 1000).join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
      }),
    );
  });

  test("wrap breaks a rule before an option", () => {
    const rule = "! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80";
    const [first, second] = wrap(rule, "code", 400, 2);
    expect(first).toBe("! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT");
    expect(second).toBe("--to-destination 172.17.0.2:80");
  });
});
