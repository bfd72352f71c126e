/** Characters that iptables-save leaves bare; one other makes it quote the whole word (xtables.c, xtables_save_string). */
const BARE = /^[A-Za-z0-9_-]*$/;

/** Writes a string as iptables-save does: bare when it can, else quoted with `"`, `\` and `'` escaped. */
export function quote(value: string): string {
  if (value !== "" && BARE.test(value)) return value;
  return `"${value.replace(/["'\\]/g, "\\$&")}"`;
}
