import uPlot from "/vendor/uplot.js";
import type { Num } from "../read/index.ts";
import type { CurveStore, Kind } from "./curve-store.ts";
import { smooth } from "./smooth.ts";
import { thin } from "./thin.ts";

/** What a chart shows, of all curves that there are. */
export interface Wanted {
  readonly kind: Kind;
  readonly name: string;
  /** Of which trainings. */
  readonly places: readonly { readonly maps: number; readonly split: number }[];
  /** Which part of x is zoomed to; null: all. */
  readonly range: readonly [number, number] | null;
  readonly isLog: boolean;
  /** Weight of the past, 0 to below 1. */
  readonly smoothing: number;
  /** How many pixels there are from left to right. */
  readonly pixels: number;
}

/** What is seen of curves: not all of their points, but all of their peaks. */
export interface Seen {
  /**
   * One x for all, then y of each curve that there is, and where it is smoothed that as well. Where a curve has no point, it goes on; its own gaps
   * stay.
   */
  readonly data: uPlot.AlignedData;
  /** The last value of each; undefined of a training that has no such curve. */
  readonly last: readonly (Num | undefined)[];
  /** How many the longest curve has. */
  readonly points: number;
}

export function seenOf(store: CurveStore, { kind, name, places, range, isLog, smoothing, pixels }: Wanted): Seen {
  const curves = places.map(({ maps, split }) => store.get(maps, split, kind, name));
  const visible = (y: readonly Num[]): Num[] =>
    isLog ? y.map((value) => (value !== null && value > 0 ? value : null)) : [...y];
  const seen = (x: number[], y: readonly Num[]): uPlot.AlignedData => {
    const thinned = thin({ x, y: visible(y) }, range, pixels);
    return [thinned.x, thinned.y];
  };
  const there = curves.filter((curve) => curve !== null);
  const tables = there.flatMap(({ x, y }) =>
    smoothing === 0 ? [seen(x, y)] : [seen(x, y), seen(x, smooth(y, smoothing))],
  );
  return {
    data: tables.length === 0 ? [[]] : uPlot.join(tables),
    last: curves.map((curve) => (curve === null ? undefined : (curve.y.at(-1) ?? null))),
    points: Math.max(0, ...there.map(({ x }) => x.length)),
  };
}
