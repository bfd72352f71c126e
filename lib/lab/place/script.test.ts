import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { joinScript, type ScriptValue } from "./script";

type Template = (strings: TemplateStringsArray, ...values: readonly ScriptValue[]) => string;

const runIn =
  (shell: string): Template =>
  (strings, ...values) => {
    const { text, args } = joinScript(strings.raw, values);
    const { stdout, stderr } = spawnSync(shell, ["-c", text, "sh", ...args], { encoding: "utf8" });
    return stdout + stderr;
  };
const run = runIn("sh");

const nasty = `a'b"c $(echo no) \`echo no\` ; echo no * \\ \n end`;

test("a value is one word, whatever it holds, in and out of quotes", () => {
  expect(run`printf '<%s>' ${nasty}`).toBe(`<${nasty}>`);
  expect(run`printf '<%s>' "x ${nasty} y"`).toBe(`<x ${nasty} y>`);
  expect(run`printf '<%s>' 'x ${nasty} y'`).toBe(`<x ${nasty} y>`);
  expect(run`printf '<%s>' http://${nasty}/`).toBe(`<http://${nasty}/>`);
});

test("a list is a word for each entry, and an empty one none", () => {
  expect(run`printf '<%s>' ${["a b", "c"]} ${7}`).toBe("<a b><c><7>");
  expect(run`printf '<%s>' x ${[]}`).toBe("<x>");
});

// Each prints `<VALUE>`, and nothing else.
const places: readonly (readonly [where: string, print: (run: Template, value: string) => string])[] = [
  [
    "after a comment with an apostrophe",
    (run, x) => run`# don't
printf '<%s>' ${x}`,
  ],
  [
    "after a comment with a double quote, behind a command",
    (run, x) => run`true;# the 3" disk
printf '<%s>' ${x}`,
  ],
  [
    "after a comment with a value in it",
    (run, x) => run`: # this is ${x}, isn't it?
printf '<%s>' ${x}`,
  ],
  [
    "after a comment behind a line that goes on",
    (run, x) => run`true \
# don't
printf '<%s>' ${x}`,
  ],
  ["behind a # within a word or a quote", (run, x) => run`: a#b "$#" '#'; printf '<%s>' ${x}`],
  ["behind quotes that are escaped", (run, x) => run`: \' \" \\ "\"" '\'; printf '<%s>' ${x}`],
  ["behind quotes of the other kind", (run, x) => run`: "it's" 'a "b'; printf '<%s>' ${x}`],
  ["in double quotes behind an apostrophe", (run, x) => run`: "it's ${x}"; printf '%s' "<${x}>"`],
  ["in single quotes behind a double quote", (run, x) => run`: 'a " ${x}'; printf '%s' '<'${x}'>'`],
  [
    "in a here-document",
    (run, x) => run`cat <<EOF
<${x}>
EOF`,
  ],
  [
    "behind a here-document with quotes in it",
    (run, x) => run`cat <<EOF >/dev/null
it's "${x}
EOF
printf '<%s>' ${x}`,
  ],
  [
    "in a here-document with quotes around it",
    (run, x) => run`cat <<END; : 'after it'
<${x}>
END
: "and a last line"`,
  ],
  [
    "in the second here-document of a line",
    (run, x) => run`cat <<A >/dev/null; cat <<"B"
don't
A
<${x}>
B`,
  ],
  [
    "in a here-document whose tabs go",
    (run, x) => run`cat <<-EOF
	<${x}>
	EOF
: don\'t`,
  ],
  [
    "in a command in a here-document",
    (run, x) => run`cat <<EOF
<$(printf '%s' ${x})>
EOF`,
  ],
  [
    "in a here-document whose end is quoted",
    (run, x) => run`cat <<'EOF'
<${x}>
EOF`,
  ],
  [
    "in a here-document whose end is escaped and no word",
    (run, x) => run`cat <<\E-O-F
<${x}>
E-O-F
: ok`,
  ],
  ["in a command substitution", (run, x) => run`printf '<%s>' "$(printf '%s' ${x})"`],
  ["in quotes in a command substitution in quotes", (run, x) => run`printf '<%s>' "$(printf '%s' "${x}")"`],
  [
    "in single quotes in a command substitution in quotes",
    (run, x) => run`printf '<%s>' "$(printf '%s' '${x}')"`,
  ],
  ["in a substitution in a substitution", (run, x) => run`printf '<%s>' "$(echo "$(printf '%s' ${x})")"`],
  [
    "behind a substitution with a comment in it",
    (run, x) => run`: "$(true # don't )
)"; printf '<%s>' ${x}`,
  ],
  [
    "in a substitution with a case in it",
    (run, x) => run`printf '<%s>' "$(case a in b) echo no;; a) (printf '%s' ${x});; esac)"`,
  ],
  ["in quotes behind a substitution", (run, x) => run`printf '%s' "$(printf '<')${x}$(printf '>')"`],
  ["in a subshell in a substitution", (run, x) => run`printf '<%s>' "$( (printf '%s' ${x}) )"`],
  ["in a function", (run, x) => run`show() { printf '<%s>' ${x}; }; show other`],
  ["after set --", (run, x) => run`set -- other words; printf '<%s>' ${x}`],
  ["after shift", (run, x) => run`shift; printf '<%s>' "${x}"`],
];

test.each(places)("a value %s is that value", (_where, print) => {
  for (const shell of ["sh", "bash"])
    expect([shell, print(runIn(shell), nasty).replace(/\n$/, "")]).toEqual([shell, `<${nasty}>`]);
});

// dash knows no $'…': it is in POSIX since 2024.
test("a value in $'…' is that value, and the escapes around it are escapes", () => {
  expect(runIn("bash")`printf '%s' $'it\'s <${nasty}>\n\'${1}'`).toBe(`it's <${nasty}>\n'1`);
  expect(runIn("bash")`printf '%s' "$'"${nasty}`).toBe(`$'${nasty}`);
});

test("a value in backquotes is that value", () => {
  const { text, args } = joinScript(["printf '<%s>' \"`printf '%s' ", '`"'], [nasty]);
  expect(spawnSync("sh", ["-c", text, "sh", ...args], { encoding: "utf8" }).stdout).toBe(`<${nasty}>`);
});

test("a value in arithmetic is a number", () => {
  expect(run`echo $((${20} + (1 << ${1}))) "$((${3} * 2))"; : don\'t; echo ${"a b"}`).toBe("22 6\na b\n");
});

test("a here-document without a value stays as it is", () => {
  const { text } = joinScript(["cat <<'EOF'\n$HOME `x` \\ it's\nEOF\necho ", ""], ["x"]);
  expect(text).toBe(["cat <<'EOF'\n$HOME `x` \\ it's\nEOF\necho ", "{1}"].join('"$').concat('"'));
});

test("what is not expanded in a here-document stays so beside a value", () => {
  expect(run`cat <<'EOF'
$HOME ${"x"} \$1 \\ "y"
EOF`).toBe('$HOME x \\$1 \\\\ "y"\n');
});

test("a value cannot name the end of a here-document", () => {
  expect(
    () => run`cat <<${"EOF"}
EOF`,
  ).toThrow(expect.objectContaining({ code: "BAD_CELL" }));
});

test("law: what goes in as a value comes out as it was", () => {
  // A NUL cannot be in an argument of a program: execve(2).
  const value = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(run`printf '%s|%s' ${a} "${b}"`).toBe(`${a}|${b}`);
    }),
    { numRuns: 25 },
  );
});
