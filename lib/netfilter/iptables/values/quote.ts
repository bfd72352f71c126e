/** Words of these characters are not quoted (xtables.c, xtables_save_string). */
const UNQUOTED = /^[A-Za-z0-9_-]*$/;

/** Quotes a string as iptables-save does: only if it needs quotes, with `"`, `\` and `'` escaped. */
export function quote(value: string): string {
  if (value !== "" && UNQUOTED.test(value)) return value;
  return `"${value.replace(/["'\\]/g, "\\$&")}"`;
}
