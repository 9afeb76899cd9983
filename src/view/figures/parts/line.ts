import type { Num } from "../../read/index.ts";
import type { Scale } from "./scale.ts";
import { el, type Point, pathOf } from "./svg.ts";

/** A curve to be drawn: as many x as y; null where there is a gap. */
export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly Num[];
}

/** How a line looks. */
export interface LineLook {
  readonly colour: string;
  readonly dash?: string | null;
  readonly width?: number;
  readonly opacity?: number;
}

/**
 * A curve as a path, with gaps where values are missing, and a dot where a value stands alone. Of more points than there are pixels, those that are seen stay: of
 * each pixel's column the first, the least, the greatest and the last.
 */
export function line(
  { x: xs, y: ys }: Curve,
  x: Scale,
  y: Scale,
  { colour, dash = null, width = 1.75, opacity = 1 }: LineLook,
): string {
  const runs: Point[][] = [[]];
  for (const [i, value] of ys.entries()) {
    const point = { x: x.at(xs[i] ?? Number.NaN), y: value === null ? Number.NaN : y.at(value) };
    if (Number.isFinite(point.x) && Number.isFinite(point.y)) runs.at(-1)?.push(point);
    else if (runs.at(-1)?.length !== 0) runs.push([]);
  }
  const shown = runs.map(thinned);
  const paths = shown.filter(({ length }) => length > 1).map(pathOf);
  const alone = shown.filter(({ length }) => length === 1).flat();
  return [
    paths.length === 0
      ? ""
      : el("path", {
          d: paths.join(""),
          fill: "none",
          stroke: colour,
          "stroke-width": width,
          "stroke-opacity": opacity === 1 ? null : opacity,
          "stroke-dasharray": dash,
          "stroke-linejoin": "round",
          "stroke-linecap": "round",
        }),
    ...alone.map((point) =>
      el("circle", {
        cx: point.x,
        cy: point.y,
        r: width + 0.75,
        fill: colour,
        "fill-opacity": opacity === 1 ? null : opacity,
      }),
    ),
  ].join("");
}

/** Points that fall into one pixel's column: the first, the least, the greatest, the last, in their order. */
export function thinned(points: readonly Point[]): Point[] {
  const columns = Map.groupBy(points, (point) => Math.round(point.x));
  if (columns.size * 4 >= points.length) return [...points];
  return [...columns.values()].flatMap((column) => {
    let [least, greatest] = [0, 0];
    for (const [i, { y }] of column.entries()) {
      if (y < (column[least]?.y ?? y)) least = i;
      if (y > (column[greatest]?.y ?? y)) greatest = i;
    }
    const kept = [...new Set([0, least, greatest, column.length - 1])].sort((a, b) => a - b);
    return kept.flatMap((i) => column[i] ?? []);
  });
}

/** Between two curves over the same x: what a mean may vary by. */
export function band(
  {
    x: xs,
    lower,
    upper,
  }: { readonly x: readonly number[]; readonly lower: readonly number[]; readonly upper: readonly number[] },
  x: Scale,
  y: Scale,
  colour: string,
): string {
  const side = (values: readonly number[]): Point[] =>
    values.map((value, i) => ({ x: x.at(xs[i] ?? 0), y: y.at(value) }));
  return el("path", {
    d: `${pathOf([...side(upper), ...side(lower).reverse()])}Z`,
    fill: colour,
    "fill-opacity": 0.16,
  });
}

/**
 * A curve smoothed by an exponential average, corrected for its beginning (Kingma & Ba 2015, arXiv:1412.6980, section 3), as TensorBoard does it.
 * @param weight of what came before, 0 (nothing changes) to below 1.
 */
export function smoothed({ x, y }: Curve, weight: number): Curve {
  let [sum, count] = [0, 0];
  return {
    x,
    y: y.map((value) => {
      if (value === null) return null;
      sum = weight * sum + (1 - weight) * value;
      count++;
      return sum / (1 - weight ** count);
    }),
  };
}
