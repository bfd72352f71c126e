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

test("a value with special characters is one word, inside and outside quotes", () => {
  expect(run`printf '<%s>' ${nasty}`).toBe(`<${nasty}>`);
  expect(run`printf '<%s>' "x ${nasty} y"`).toBe(`<x ${nasty} y>`);
  expect(run`printf '<%s>' 'x ${nasty} y'`).toBe(`<x ${nasty} y>`);
  expect(run`printf '<%s>' http://${nasty}/`).toBe(`<http://${nasty}/>`);
});

test("a list expands to one word for each entry, an empty list to none", () => {
  expect(run`printf '<%s>' ${["a b", "c"]} ${7}`).toBe("<a b><c><7>");
  expect(run`printf '<%s>' x ${[]}`).toBe("<x>");
});

// Each script prints `<VALUE>` and nothing else.
const places: readonly (readonly [where: string, print: (run: Template, value: string) => string])[] = [
  [
    "after a comment that contains an apostrophe",
    (run, x) => run`# don't
printf '<%s>' ${x}`,
  ],
  [
    "after a comment that follows a command and contains a double quote",
    (run, x) => run`true;# the 3" disk
printf '<%s>' ${x}`,
  ],
  [
    "after a comment that contains a value",
    (run, x) => run`: # this is ${x}, isn't it?
printf '<%s>' ${x}`,
  ],
  [
    "after a comment that follows a line continuation",
    (run, x) => run`true \
# don't
printf '<%s>' ${x}`,
  ],
  ["after a # in a word or in quotes", (run, x) => run`: a#b "$#" '#'; printf '<%s>' ${x}`],
  ["after escaped quotes", (run, x) => run`: \' \" \\ "\"" '\'; printf '<%s>' ${x}`],
  [
    "after quotes that contain quotes of the other kind",
    (run, x) => run`: "it's" 'a "b'; printf '<%s>' ${x}`,
  ],
  ["in double quotes after an apostrophe", (run, x) => run`: "it's ${x}"; printf '%s' "<${x}>"`],
  ["in single quotes after a double quote", (run, x) => run`: 'a " ${x}'; printf '%s' '<'${x}'>'`],
  [
    "in a here-document",
    (run, x) => run`cat <<EOF
<${x}>
EOF`,
  ],
  [
    "after a here-document that contains quotes",
    (run, x) => run`cat <<EOF >/dev/null
it's "${x}
EOF
printf '<%s>' ${x}`,
  ],
  [
    "in a here-document between quoted words",
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
    "in a here-document with leading tabs removed (<<-)",
    (run, x) => run`cat <<-EOF
	<${x}>
	EOF
: don\'t`,
  ],
  [
    "in a command substitution in a here-document",
    (run, x) => run`cat <<EOF
<$(printf '%s' ${x})>
EOF`,
  ],
  [
    "in a here-document with a quoted delimiter",
    (run, x) => run`cat <<'EOF'
<${x}>
EOF`,
  ],
  [
    "in a here-document with an escaped delimiter that contains hyphens",
    (run, x) => run`cat <<\E-O-F
<${x}>
E-O-F
: ok`,
  ],
  ["in a command substitution", (run, x) => run`printf '<%s>' "$(printf '%s' ${x})"`],
  [
    "in double quotes in a quoted command substitution",
    (run, x) => run`printf '<%s>' "$(printf '%s' "${x}")"`,
  ],
  [
    "in single quotes in a quoted command substitution",
    (run, x) => run`printf '<%s>' "$(printf '%s' '${x}')"`,
  ],
  ["in a nested command substitution", (run, x) => run`printf '<%s>' "$(echo "$(printf '%s' ${x})")"`],
  [
    "after a command substitution that contains a comment",
    (run, x) => run`: "$(true # don't )
)"; printf '<%s>' ${x}`,
  ],
  [
    "in a command substitution that contains a case",
    (run, x) => run`printf '<%s>' "$(case a in b) echo no;; a) (printf '%s' ${x});; esac)"`,
  ],
  [
    "in double quotes between command substitutions",
    (run, x) => run`printf '%s' "$(printf '<')${x}$(printf '>')"`,
  ],
  ["in a subshell in a command substitution", (run, x) => run`printf '<%s>' "$( (printf '%s' ${x}) )"`],
  ["in a function", (run, x) => run`show() { printf '<%s>' ${x}; }; show other`],
  ["after set --", (run, x) => run`set -- other words; printf '<%s>' ${x}`],
  ["after shift", (run, x) => run`shift; printf '<%s>' "${x}"`],
];

test.each(places)("a value %s is unchanged", (_where, print) => {
  for (const shell of ["sh", "bash"])
    expect([shell, print(runIn(shell), nasty).replace(/\n$/, "")]).toEqual([shell, `<${nasty}>`]);
});

// Only in bash: dash does not support $'…', which POSIX added in 2024.
test("a value in $'…' is unchanged, and escapes around it still apply", () => {
  expect(runIn("bash")`printf '%s' $'it\'s <${nasty}>\n\'${1}'`).toBe(`it's <${nasty}>\n'1`);
  expect(runIn("bash")`printf '%s' "$'"${nasty}`).toBe(`$'${nasty}`);
});

test("a value in backquotes is unchanged", () => {
  const { text, args } = joinScript(["printf '<%s>' \"`printf '%s' ", '`"'], [nasty]);
  expect(spawnSync("sh", ["-c", text, "sh", ...args], { encoding: "utf8" }).stdout).toBe(`<${nasty}>`);
});

test("a value in an arithmetic expansion is used as a number", () => {
  expect(run`echo $((${20} + (1 << ${1}))) "$((${3} * 2))"; : don\'t; echo ${"a b"}`).toBe("22 6\na b\n");
});

test("a here-document without values is not changed", () => {
  const { text } = joinScript(["cat <<'EOF'\n$HOME `x` \\ it's\nEOF\necho ", ""], ["x"]);
  expect(text).toBe(["cat <<'EOF'\n$HOME `x` \\ it's\nEOF\necho ", "{1}"].join('"$').concat('"'));
});

test("a here-document with a quoted delimiter expands only its values", () => {
  expect(run`cat <<'EOF'
$HOME ${"x"} \$1 \\ "y"
EOF`).toBe('$HOME x \\$1 \\\\ "y"\n');
});

test("a value in the delimiter of a here-document is rejected", () => {
  expect(
    () => run`cat <<${"EOF"}
EOF`,
  ).toThrow(expect.objectContaining({ code: "BAD_CELL" }));
});

test("law: a script prints every value unchanged", () => {
  // An argument of a program cannot contain NUL (execve(2)).
  const value = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
  fc.assert(
    fc.property(value, value, (a, b) => {
      expect(run`printf '%s|%s' ${a} "${b}"`).toBe(`${a}|${b}`);
    }),
    { numRuns: 25 },
  );
});
