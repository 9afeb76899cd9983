/** The colours of maps, from their threshold on: darker to brighter, so that people with any colour vision see what is more. */

type Rgb = readonly [red: number, green: number, blue: number];
type Colours = readonly [Rgb, Rgb, Rgb, Rgb];

/** Of what is more than zero. Orange after Okabe and Ito; the others are the brighter part of matplotlib's. */
export const COLOURS = {
  orange: [
    [150, 45, 0],
    [213, 94, 0],
    [240, 160, 30],
    [255, 240, 150],
  ],
  inferno: [
    [120, 28, 109],
    [187, 55, 84],
    [249, 142, 9],
    [252, 255, 164],
  ],
  viridis: [
    [59, 82, 139],
    [33, 145, 140],
    [94, 201, 98],
    [253, 231, 37],
  ],
} as const satisfies Readonly<Record<string, Colours>>;
export type ColourName = keyof typeof COLOURS;

/** Of what is less than zero: nothing in the others is like it. */
export const LESS: Colours = [
  [0, 60, 140],
  [0, 114, 200],
  [86, 180, 233],
  [190, 235, 255],
];

/** As NiiVue takes it: at which of 256 places which colour is; below the first one, nothing. */
export function colourMap(colours: Colours): { R: number[]; G: number[]; B: number[]; A: number[]; I: number[] } {
  const [first] = colours;
  const all = [first, ...colours];
  const channel = (i: 0 | 1 | 2): number[] => all.map((colour) => colour[i]);
  return { R: channel(0), G: channel(1), B: channel(2), A: [0, 255, 255, 255, 255], I: [0, 1, 85, 170, 255] };
}

/** The colours as CSS has them, from left to right. */
export function gradient(colours: readonly Rgb[]): string {
  return `linear-gradient(to right, ${colours.map((colour) => `rgb(${colour.join(" ")})`).join(", ")})`;
}
