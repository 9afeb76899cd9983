/** Colours that people with any colour vision tell apart (after Okabe and Ito), on a light and on a dark ground. */
const LIGHT = ["#0072b2", "#d55e00", "#009e73", "#c0599a", "#b87b00", "#3a9bd4", "#6b7280"];
const DARK = ["#56b4e9", "#e69f00", "#2fc79b", "#e59ac5", "#f0e442", "#ff8a5c", "#b6bec8"];
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [8, 3, 2, 3]];

/** How a curve looks. */
export interface Look {
  readonly colour: string;
  /** Lengths of dashes and gaps; none for a solid line. */
  readonly dash: readonly number[];
}

export function isDark(): boolean {
  return document.documentElement.dataset.theme === "dark";
}

/** The look of the curve at a place; where colours are used up, lines are dashed. */
export function lookAt(place: number): Look {
  const colours = isDark() ? DARK : LIGHT;
  const round = Math.floor(place / colours.length);
  return { colour: colours[place % colours.length] ?? "#777777", dash: DASHES[round % DASHES.length] ?? [] };
}

/** The value of a colour of the style sheet. */
export function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
