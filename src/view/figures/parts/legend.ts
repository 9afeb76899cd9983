import type { Colours } from "./colours.ts";
import { el } from "./svg.ts";
import { fitted, SIZE, text, widthOf } from "./text.ts";

/** What a legend explains. */
export interface LegendItem {
  readonly name: string;
  readonly colour: string;
  readonly dash?: string | null;
  readonly mark: "line" | "dot" | "area";
}

const SAMPLE = 20;
const GAP = 16;
const ROW = 18;

/** The items in rows, from the left. @returns what is drawn, and how high it is. */
export function legend(
  items: readonly LegendItem[],
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
  colours: Colours,
): { readonly svg: string; readonly height: number } {
  if (items.length === 0) return { svg: "", height: 0 };
  let [left, row] = [0, 0];
  const drawn = items.map((item) => {
    const name = fitted(item.name, SIZE.label, width - SAMPLE - 6);
    const wide = SAMPLE + 6 + widthOf(name, SIZE.label);
    if (left > 0 && left + wide > width) [left, row] = [0, row + 1];
    const [px, py] = [x + left, y + row * ROW + ROW / 2];
    left += wide + GAP;
    return `${sample(item, px, py)}${text(name, { x: px + SAMPLE + 6, y: py + 4, fill: colours.muted, "font-size": SIZE.label })}`;
  });
  return { svg: el("g", {}, ...drawn), height: (row + 1) * ROW };
}

function sample({ colour, mark, dash = null }: LegendItem, x: number, y: number): string {
  switch (mark) {
    case "line":
      return el("line", {
        x1: x,
        y1: y,
        x2: x + SAMPLE,
        y2: y,
        stroke: colour,
        "stroke-width": 2,
        "stroke-dasharray": dash,
      });
    case "dot":
      return el("circle", { cx: x + SAMPLE / 2, cy: y, r: 4, fill: colour });
    case "area":
      return el("rect", {
        x: x + 3,
        y: y - 5,
        width: SAMPLE - 6,
        height: 10,
        rx: 2,
        fill: colour,
        "fill-opacity": 0.55,
      });
  }
}
