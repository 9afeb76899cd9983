import { mean, variance } from "../../utils/stats/index.ts";
import { type Colours, lookOf } from "./parts/colours.ts";
import { type Area, axes, type FigureOptions, figure, insideAxes, nothing, onData } from "./parts/figure.ts";
import { extent, linearScale, type Scale, shortNumber } from "./parts/scale.ts";
import { el, escapeXml } from "./parts/svg.ts";
import { text } from "./parts/text.ts";

/** A sample of a regression. */
export interface Predicted {
  readonly label: number;
  readonly predicted: number;
  /** As `split 0`: those of one fold have one colour. Default: all are of one. */
  readonly fold?: string;
  /** Shown where the pointer is. */
  readonly name?: string;
}

/**
 * Predicted values against the right ones, and below how much they differ: their mean, and 1.96 standard deviations to each side (Bland & Altman 1986, Lancet
 * 1:307).
 */
export function regressionFigure(
  samples: readonly Predicted[],
  options: FigureOptions & { readonly quantity?: string } = {},
): string {
  const { quantity = "label", ...look } = options;
  const residuals = samples.map(({ label, predicted }) => predicted - label);
  const folds = [...new Set(samples.map(({ fold }) => fold ?? ""))];
  const r2 = rSquared(samples);
  const subtitle =
    samples.length === 0
      ? "no samples"
      : `mean absolute error ${shortNumber(mean(residuals.map(Math.abs)))}, R² ${Number.isNaN(r2) ? "–" : r2.toFixed(3)}, ${samples.length} samples`;
  const heading = {
    title: "Predicted against actual",
    subtitle,
    description: `Scatter of predicted against actual ${quantity}, with residuals below: ${subtitle}.`,
    legend: (colours: Colours) =>
      folds.length < 2
        ? []
        : folds.map((name, i) => ({ name, colour: lookOf(colours, i).colour, mark: "dot" as const })),
  };
  return figure(heading, { width: 480, height: 600, ...look }, (area, colours) => {
    const values = samples.flatMap(({ label, predicted }) => [label, predicted]);
    const both = extent(values);
    const spread = spreadOf(residuals);
    const ofResiduals = extent([0, ...residuals, spread.lower, spread.upper]);
    const cut = area.top + (area.bottom - area.top) * 0.68;
    const labels = { xLabel: `Actual ${quantity}`, yLabel: `Predicted ${quantity}` };
    const ticks = [linearScale(both, [0, 1]), linearScale(ofResiduals, [0, 1], { count: 4 })].flatMap((scale) =>
      scale.ticks.map(({ label }) => label),
    );
    const upper = { ...insideAxes({ ...area, bottom: cut - 14 }, { yTicks: ticks, yLabel: "x" }), bottom: cut - 14 };
    const lower = insideAxes({ ...area, top: cut }, { yTicks: ticks, ...labels });
    const x = linearScale(both, [upper.left, upper.right]);
    const y = linearScale(both, [upper.bottom, upper.top]);
    const below = linearScale(ofResiduals, [lower.bottom, lower.top], { count: 4 });
    const dots = (place: (sample: Predicted) => number, scale: Scale): string[] =>
      samples.map((sample) =>
        dot(
          sample,
          x.at(sample.label),
          scale.at(place(sample)),
          lookOf(colours, folds.indexOf(sample.fold ?? "")).colour,
          samples.length,
        ),
      );
    const [low, high] = x.domain;
    const identity = { x1: x.at(low), y1: y.at(low), x2: x.at(high), y2: y.at(high) };
    if (samples.length === 0) return nothing(area, colours);
    return [
      axes(upper, { x: null, y, yLabel: labels.yLabel }, colours),
      el("line", { ...identity, stroke: colours.muted, "stroke-dasharray": "3 4" }),
      ...dots(({ predicted }) => predicted, y),
      axes(lower, { x, y: below, xLabel: labels.xLabel, yLabel: "Residual" }, colours),
      ...dots(({ label, predicted }) => predicted - label, below),
      residualLines(spread, lower, below, colours),
    ].join("");
  });
}

function dot({ name, label, predicted }: Predicted, x: number, y: number, colour: string, count: number): string {
  const shown = { cx: x, cy: y, r: count > 500 ? 2 : 3.5, fill: colour, "fill-opacity": count > 100 ? 0.4 : 0.7 };
  if (name === undefined) return el("circle", shown);
  return el(
    "circle",
    shown,
    el("title", {}, escapeXml(`${name}: ${shortNumber(predicted)} for ${shortNumber(label)}`)),
  );
}

function residualLines(
  { middle, lower, upper }: ReturnType<typeof spreadOf>,
  { left, right }: Area,
  y: Scale,
  colours: Colours,
): string {
  const at = [
    { value: 0, dash: "3 4", name: "" },
    { value: middle, dash: null, name: `mean ${shortNumber(middle)}` },
    { value: upper, dash: "6 3", name: "+1.96 SD" },
    { value: lower, dash: "6 3", name: "−1.96 SD" },
  ].filter(({ value }) => Number.isFinite(value));
  return at
    .map(({ value, dash, name }) => {
      const place = y.at(value);
      return (
        el("line", { x1: left, x2: right, y1: place, y2: place, stroke: colours.muted, "stroke-dasharray": dash }) +
        (name === ""
          ? ""
          : text(name, { x: right, y: place - 4, "text-anchor": "end", fill: colours.muted, ...onData(colours) }))
      );
    })
    .join("");
}

function spreadOf(residuals: readonly number[]): {
  readonly middle: number;
  readonly lower: number;
  readonly upper: number;
} {
  const middle = mean(residuals);
  const half = 1.96 * Math.sqrt(variance(residuals));
  return { middle, lower: middle - half, upper: middle + half };
}

/** The share of the variance that is explained; NaN where there is none. */
export function rSquared(samples: readonly Predicted[]): number {
  const center = mean(samples.map(({ label }) => label));
  let [left, all] = [0, 0];
  for (const { label, predicted } of samples) {
    left += (label - predicted) ** 2;
    all += (label - center) ** 2;
  }
  return all === 0 ? Number.NaN : 1 - left / all;
}
