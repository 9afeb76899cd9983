import type { Num } from "../read/index.ts";
import { lookOf } from "./parts/colours.ts";
import { axes, type FigureOptions, figure, insideAxes, nothing } from "./parts/figure.ts";
import { line, smoothed } from "./parts/line.ts";
import { extent, linearScale, logScale, shortNumber } from "./parts/scale.ts";

/** A curve of a line chart. */
export interface LineSeries {
  /** In the legend; those with the same name and look are there once. */
  readonly name: string;
  readonly x: readonly number[];
  /** null where there is a gap. */
  readonly y: readonly Num[];
  /** Which colour: default the place of the series. */
  readonly look?: number;
  /** "dashed" tells, for example, validation from training. Default "solid". */
  readonly stroke?: "solid" | "dashed";
}

/** What a line chart shows. */
export interface LineChart {
  readonly title: string;
  readonly series: readonly LineSeries[];
  /** Default "Epoch". */
  readonly xLabel?: string;
  /** Default none. */
  readonly yLabel?: string;
  /** "log": each tenfold is as high; values that are not positive are gaps. Default "linear". */
  readonly yScale?: "linear" | "log";
  /** The weight of the past in an exponential average, 0 to below 1; the curves themselves stay behind it, faint. Default 0. */
  readonly smoothing?: number;
}

/**
 * Curves over epochs: losses, metrics, learning rates.
 *
 * ```ts
 * import { lineChart } from "clinicadl/view/figures";
 * const svg = lineChart({ title: "Loss", series: [{ name: "split 0", x: [1, 2, 3], y: [0.7, null, 0.4] }] });
 * ```
 */
export function lineChart(chart: LineChart, options: FigureOptions = {}): string {
  const { title, series, xLabel = "Epoch", yLabel = "", yScale = "linear", smoothing = 0 } = chart;
  const looks = series.map(({ look, stroke }, i) => ({ look: look ?? i, stroke: stroke ?? "solid" }));
  const dashOf = (i: number, dash: string | null) => (looks[i]?.stroke === "dashed" ? "5 4" : dash);
  const heading = {
    title,
    description: describe(chart),
    legend: (colours: Parameters<typeof lookOf>[0]) => {
      const items = series.map(({ name }, i) => {
        const { colour, dash } = lookOf(colours, looks[i]?.look ?? i);
        return { name, colour, dash: dashOf(i, dash), mark: "line" as const };
      });
      const keys = items.map((item) => JSON.stringify(item));
      return items.filter((_, i) => keys.indexOf(keys[i] ?? "") === i);
    },
  };
  return figure(heading, options, (area, colours) => {
    const values = series.flatMap(({ y }) => y);
    const ends = [0, 1] as const;
    const scaleOf = (range: readonly [number, number]) =>
      yScale === "log" ? logScale(values, range) : linearScale(extent(values), range);
    const inside = insideAxes(area, { yTicks: scaleOf(ends).ticks.map(({ label }) => label), xLabel, yLabel });
    const y = scaleOf([inside.bottom, inside.top]);
    const whole = series.every(({ x }) => x.every((place) => Number.isInteger(place)));
    const count = Math.max(2, Math.min(10, Math.floor((inside.right - inside.left) / 60)));
    const x = linearScale(extent(series.flatMap(({ x }) => x)), [inside.left, inside.right], {
      tight: true,
      whole,
      count,
    });
    const lookAt = (i: number) => {
      const { colour, dash } = lookOf(colours, looks[i]?.look ?? i);
      return { colour, dash: dashOf(i, dash) };
    };
    const raw = smoothing === 0 ? {} : { width: 1, opacity: 0.3 };
    return [
      axes(inside, { x, y, xLabel, yLabel }, colours),
      ...series.map((one, i) => line(one, x, y, { ...lookAt(i), ...raw })),
      ...(smoothing === 0 ? [] : series.map((one, i) => line(smoothed(one, smoothing), x, y, lookAt(i)))),
      values.some((value) => value !== null) ? "" : nothing(inside, colours),
    ].join("");
  });
}

function describe({ series, xLabel = "Epoch" }: LineChart): string {
  const ends = series.map(({ name, x, y }) => {
    const last = y.findLastIndex((value) => value !== null);
    const value = y[last];
    return value === null || value === undefined
      ? `${name}: no values`
      : `${name}: ${shortNumber(value)} at ${xLabel.toLowerCase()} ${shortNumber(x[last] ?? 0)}`;
  });
  return `Curves over ${xLabel.toLowerCase()}. ${ends.join("; ")}.`;
}
