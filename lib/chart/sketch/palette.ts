/**
 * All colours of pictures, by meaning. `live` follows JupyterLab's theme through CSS variables (or VS Code's, if those
 * are missing); `still` is the value of the light theme, for static images.
 *
 * Tables, verdicts and errors have two tones: the darker one (`…Pill`) carries white text at 4.5 : 1 or better, the
 * brighter one draws lines, dots and edges on a light or dark background.
 */
const INK = "var(--jp-content-font-color1, var(--vscode-editor-foreground, #1f2328))";
const GROUND = "var(--jp-layout-color0, var(--vscode-editor-background, #ffffff))";

const mixed = (share: number, over: string) => `color-mix(in srgb, ${INK} ${share}%, ${over})`;

export const PALETTE = {
  ink: { live: INK, still: "#1f2328" },
  /** Opaque: for thick lines and adjacent shapes. */
  strong: {
    live: `var(--jp-content-font-color0, ${INK})`,
    still: "#1f2328",
  },
  mute: { live: mixed(70, "transparent"), still: "#5b626b" },
  edge: { live: mixed(24, GROUND), still: "#c8cdd3" },
  faint: { live: mixed(12, GROUND), still: "#e3e6ea" },
  card: { live: mixed(6, GROUND), still: "#f3f5f7" },
  ground: { live: GROUND, still: "#ffffff" },
  none: { live: "transparent", still: "transparent" },
  white: { live: "#ffffff", still: "#ffffff" },

  conntrack: { live: "#b06fa5", still: "#b06fa5" },
  conntrackPill: { live: "#91508a", still: "#91508a" },
  mangle: { live: "#1f9fb5", still: "#1f9fb5" },
  manglePill: { live: "#0c6c7d", still: "#0c6c7d" },
  nat: { live: "#d98a00", still: "#d98a00" },
  natPill: { live: "#955a00", still: "#955a00" },
  filter: { live: "#3a82d0", still: "#3a82d0" },
  filterPill: { live: "#2766ac", still: "#2766ac" },
  raw: { live: "#7f8791", still: "#7f8791" },
  rawPill: { live: "#5f6670", still: "#5f6670" },

  good: { live: "#009e73", still: "#009e73" },
  goodPill: { live: "#007354", still: "#007354" },
  bad: { live: "#e0464f", still: "#e0464f" },
  badPill: { live: "#b3242e", still: "#b3242e" },
  unsure: { live: "#7f8791", still: "#7f8791" },
  unsurePill: { live: "#5f6670", still: "#5f6670" },

  /** Background of changed fields of a packet. */
  changed: {
    live: "color-mix(in srgb, #d98a00 30%, transparent)",
    still: "#f5dcb3",
  },
  /** Background of errors: an overlap, a difference between prediction and kernel. */
  wrong: {
    live: "color-mix(in srgb, #e0464f 26%, transparent)",
    still: "#f7cdd0",
  },
  /** A veth pair. */
  veth: { live: "#3f9fd6", still: "#3f9fd6" },
} as const satisfies Readonly<Record<string, { readonly live: string; readonly still: string }>>;

/** Name of a colour by its meaning. */
export type Tone = keyof typeof PALETTE;

/** Returns the colours of a table's lines and of its pill. */
export function tableTones(table: string): { readonly line: Tone; readonly pill: Tone } {
  switch (table) {
    case "conntrack":
      return { line: "conntrack", pill: "conntrackPill" };
    case "mangle":
      return { line: "mangle", pill: "manglePill" };
    case "nat":
      return { line: "nat", pill: "natPill" };
    case "filter":
      return { line: "filter", pill: "filterPill" };
    default:
      return { line: "raw", pill: "rawPill" };
  }
}
