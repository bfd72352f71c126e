import type { QuickInfo } from "../language/engine";
import type { Content } from "../wire/message";

/** The description of a name as a MIME bundle: text for the documentation pane, Markdown for the tooltip. */
export function describeName({ signature, documentation, tags }: QuickInfo): Content {
  const named = tags.map(({ name, text }) => ({ name: `@${name}`, text }));
  const plain = [signature, documentation, named.map(({ name, text }) => `${name} ${text}`).join("\n")];
  const markdown = [
    `\`\`\`typescript\n${signature}\n\`\`\``,
    documentation,
    named.map(({ name, text }) => `*${name}* ${text}`).join("\n\n"),
  ];
  return {
    "text/plain": plain.filter(Boolean).join("\n\n"),
    "text/markdown": markdown.filter(Boolean).join("\n\n"),
  };
}

/** Reads a cell such as `name?`, which asks for the description of a name. Returns the name. */
export function readQuestion(code: string): string | undefined {
  return /^\s*([\w$]+(?:\.[\w$]+)*)\s*\?{1,2}\s*$/.exec(code)?.[1];
}
