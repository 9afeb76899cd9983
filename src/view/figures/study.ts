import type { StudyContents, StudyParameter, StudyTrial } from "../read/index.ts";
import { type Colours, lookOf } from "./parts/colours.ts";
import { axes, type FigureOptions, figure, insideAxes, nothing, onData } from "./parts/figure.ts";
import { extent, linearScale, logScale, type Scale, shortNumber } from "./parts/scale.ts";
import { el, escapeXml, pathOf } from "./parts/svg.ts";
import { fitted, SIZE, text } from "./parts/text.ts";

/** A trial that has a value. */
type Valued = StudyTrial & { readonly score: number };

/** The value of each trial, in the order in which they were begun, and the best one so far. */
export function trialsFigure(study: StudyContents, options: FigureOptions = {}): string {
  const trials = valuedOf(study);
  const best = study.trials.find(({ number }) => number === study.best);
  const said =
    best === undefined ? "none is complete" : `best: trial ${best.number}, ${shortNumber(best.score ?? Number.NaN)}`;
  const heading = {
    title: `${study.metric} of ${study.trials.length} ${study.trials.length === 1 ? "trial" : "trials"}`,
    subtitle: `${said}${scaleName(trials)}`,
    description: `Values of trials over their numbers: ${said}.`,
    legend: (colours: Colours) => [
      ...legendOf(trials, colours),
      { name: "best so far", colour: colours.muted, mark: "line" as const },
    ],
  };
  return figure(heading, { width: 560, height: 360, ...options }, (area, colours) => {
    if (trials.length === 0) return nothing(area, colours);
    const labels = { xLabel: "Trial", yLabel: study.metric };
    const ticks = valueScale(trials, [0, 1]).ticks.map(({ label }) => label);
    const inside = insideAxes(area, { yTicks: ticks, ...labels });
    const y = valueScale(trials, [inside.bottom, inside.top]);
    const last = Math.max(1, ...study.trials.map(({ number }) => number));
    const x = linearScale([0, last], [inside.left + 8, inside.right - 8], { tight: true, whole: true });
    return [
      axes(inside, { x, y, ...labels }, colours),
      bestSoFar(study, trials, x, y, colours),
      ...trials.map((trial) => dot(trial, x.at(trial.number), y.at(trial.score), study.best, colours)),
    ].join("");
  });
}

/** The value of each trial over one of the parameters. */
export function parameterFigure(
  study: StudyContents,
  { name, range }: StudyParameter,
  options: FigureOptions = {},
): string {
  const trials = valuedOf(study);
  const heading = {
    title: name,
    subtitle: `${study.metric} over the values tried${scaleName(trials)}`,
    description: trials.map(({ values, score }) => `${shownValue(values[name])}: ${shortNumber(score)}`).join("; "),
    legend: (colours: Colours) => legendOf(trials, colours),
  };
  return figure(heading, { width: 560, height: 360, ...options }, (area, colours) => {
    if (trials.length === 0) return nothing(area, colours);
    const labels = { xLabel: name, yLabel: study.metric };
    const ticks = valueScale(trials, [0, 1]).ticks.map(({ label }) => label);
    const inside = insideAxes(area, { yTicks: ticks, ...labels });
    const y = valueScale(trials, [inside.bottom, inside.top]);
    const ends = [inside.left + 8, inside.right - 8] as const;
    const isChoice = range.kind === "choice";
    const x = isChoice
      ? choiceScale(range.choices, ends)
      : range.isLog
        ? logScale([range.low, range.high], ends)
        : linearScale([range.low, range.high], ends);
    const placeOf = (value: unknown): number =>
      isChoice ? range.choices.findIndex((one) => JSON.stringify(one) === JSON.stringify(value)) : Number(value);
    return [
      axes(inside, { x, y, ...labels }, colours),
      ...trials.map((trial) => dot(trial, x.at(placeOf(trial.values[name])), y.at(trial.score), study.best, colours)),
    ].join("");
  });
}

function valuedOf({ trials }: StudyContents): readonly Valued[] {
  return trials.filter((trial): trial is Valued => trial.score !== null && trial.state !== "failed");
}

/** Logarithmic where values are of several sizes: one that diverged would press all others together. */
function isLogarithmic(trials: readonly Valued[]): boolean {
  const [least, greatest] = extent(trials.map(({ score }) => score));
  return least > 0 && greatest > 30 * least;
}
function valueScale(trials: readonly Valued[], range: readonly [number, number]): Scale {
  const values = trials.map(({ score }) => score);
  return isLogarithmic(trials) ? logScale(values, range) : linearScale(extent(values), range);
}
function scaleName(trials: readonly Valued[]): string {
  return isLogarithmic(trials) ? "; logarithmic" : "";
}

/** Values side by side, each with its name. */
function choiceScale(choices: readonly unknown[], [from, to]: readonly [number, number]): Scale {
  const step = (to - from) / choices.length;
  const ticks = choices.map((choice, value) => ({ value, label: fitted(shownValue(choice), SIZE.tick, step - 4) }));
  return { domain: [0, choices.length - 1], ticks, at: (value) => from + (value + 0.5) * step };
}

function legendOf(trials: readonly Valued[], colours: Colours) {
  return STATES.filter((state) => trials.some((trial) => trial.state === state)).map((state) => ({
    name: state,
    colour: colourOf(state, colours),
    mark: "dot" as const,
  }));
}
const STATES = ["complete", "pruned", "running"] as const;

function colourOf(state: StudyTrial["state"], colours: Colours): string {
  return state === "complete" ? lookOf(colours, 0).colour : lookOf(colours, 4).colour;
}

/** A trial; a ring around the best. */
function dot(trial: Valued, cx: number, cy: number, best: number | null, colours: Colours): string {
  const { number, state, score } = trial;
  const name = escapeXml(`trial ${number}, ${state}: ${shortNumber(score)}`);
  const fill = colourOf(state, colours);
  const shape = el("circle", { cx, cy, r: 4, fill, "fill-opacity": 0.8 }, el("title", {}, name));
  if (number !== best) return shape;
  const label = text(`trial ${number}`, {
    x: cx,
    y: cy - 11,
    "text-anchor": "middle",
    fill: colours.ink,
    ...onData(colours),
  });
  return el("circle", { cx, cy, r: 7.5, fill: "none", stroke: colours.ink, "stroke-width": 1.75 }) + shape + label;
}

/** In steps: it stays until a complete trial is better. */
function bestSoFar(
  { direction, trials: all }: StudyContents,
  trials: readonly Valued[],
  x: Scale,
  y: Scale,
  colours: Colours,
): string {
  const points: { x: number; y: number }[] = [];
  let best = direction === "min" ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  for (const { number, state, score } of trials) {
    if (state !== "complete" || (direction === "min" ? score >= best : score <= best)) continue;
    if (points.length > 0) points.push({ x: x.at(number), y: y.at(best) });
    best = score;
    points.push({ x: x.at(number), y: y.at(best) });
  }
  if (points.length === 0) return "";
  points.push({ x: x.at(all.at(-1)?.number ?? 0), y: y.at(best) });
  return el("path", { d: pathOf(points), fill: "none", stroke: colours.muted, "stroke-width": 1.5 });
}

function shownValue(value: unknown): string {
  if (typeof value === "number") return shortNumber(value);
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "–");
}
