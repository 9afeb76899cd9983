/**
 * The colours of figures: those of Okabe and Ito (2008, "Color Universal Design"), which people with any colour vision tell apart, lightened where the ground is
 * dark. A figure that stands alone has plain colours; one in a page takes those of the page, by custom properties.
 */

/** Where a figure stands: alone, on white or on a dark ground; or in a page, which sets `--figure-ink` and its siblings. */
export type Ground = "light" | "dark" | "page";

/** The colours of a figure. */
export interface Colours {
  /** Of text and of what is most important. */
  readonly ink: string;
  /** Of labels. */
  readonly muted: string;
  /** Of lines to read values by. */
  readonly grid: string;
  /** Of the ground. */
  readonly paper: string;
  /** Of data. */
  readonly data: readonly string[];
}

export const LIGHT: Colours = {
  ink: "#1b1f24",
  muted: "#57606a",
  grid: "#e4e7eb",
  paper: "#ffffff",
  data: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a"],
};

export const DARK: Colours = {
  ink: "#e8eaed",
  muted: "#a3acb6",
  grid: "#2f363d",
  paper: "#15181c",
  data: ["#4aa8e0", "#ff8a3d", "#2cc295", "#e29cc4", "#f2b632", "#9ad4f5", "#a8a8a8"],
};

const PAGE: Colours = {
  ink: `var(--figure-ink, ${LIGHT.ink})`,
  muted: `var(--figure-muted, ${LIGHT.muted})`,
  grid: `var(--figure-grid, ${LIGHT.grid})`,
  paper: `var(--figure-paper, ${LIGHT.paper})`,
  data: LIGHT.data.map((colour, i) => `var(--figure-${i + 1}, ${colour})`),
};

export function coloursOf(ground: Ground): Colours {
  switch (ground) {
    case "light":
      return LIGHT;
    case "dark":
      return DARK;
    case "page":
      return PAGE;
  }
}

/** The custom properties that a page sets: in `:root`, and where it is dark. */
export function customProperties({ ink, muted, grid, paper, data }: Colours): string {
  const named = [
    ...Object.entries({ ink, muted, grid, paper }),
    ...data.map((colour, i) => [String(i + 1), colour] as const),
  ];
  return named.map(([name, colour]) => `--figure-${name}: ${colour};`).join(" ");
}

/** How the k-th of several things looks: a colour, and from the eighth on a pattern too. */
export function lookOf(colours: Colours, k: number): { readonly colour: string; readonly dash: string | null } {
  const count = colours.data.length;
  const patterns = [null, "6 3", "2 3", "8 3 2 3"];
  return {
    colour: colours.data[k % count] ?? colours.ink,
    dash: patterns[Math.floor(k / count) % patterns.length] ?? null,
  };
}
