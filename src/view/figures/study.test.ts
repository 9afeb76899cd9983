import { expect, it } from "vitest";
import { all, parseXml } from "../fixtures/xml.ts";
import type { StudyContents, StudyTrial } from "../read/index.ts";
import { parameterFigure, trialsFigure } from "./index.ts";

const trial = (number: number, score: number | null, values: StudyTrial["values"]): StudyTrial => ({
  ...{ number, score, values, state: score === null ? "failed" : "complete", sd: null, epochs: 2, trainings: [] },
});
const STUDY: StudyContents = {
  ...{ path: "/study", name: "study", metric: "<loss>", direction: "min", best: 3 },
  parameters: [
    { name: "lr", range: { kind: "numbers", low: 1e-4, high: 1, isLog: true } },
    { name: "norm", range: { kind: "choice", choices: ["batch", { name: "group" }] } },
  ],
  trials: [
    trial(0, 0.5, { lr: 1e-4, norm: "batch" }),
    trial(1, 0.75, { lr: 1e-2, norm: { name: "group" } }),
    trial(2, null, { lr: 1, norm: "batch" }),
    trial(3, 0.25, { lr: 1, norm: { name: "group" } }),
    { ...trial(4, 0.5, { lr: 1e-3, norm: "batch" }), state: "pruned" },
  ],
};
const circles = (svg: string) =>
  all(parseXml(svg), "circle").flatMap(({ attributes: { cx, cy, fill }, children }) => {
    const [title] = children.filter(({ name }) => name === "title");
    return title === undefined ? [] : [{ x: Number(cx), y: Number(cy), fill, title: title.text }];
  });

it("shows the value of each trial that has one, and the best so far as a line that never gets worse", () => {
  const svg = trialsFigure(STUDY);
  const dots = circles(svg);
  expect(dots.map(({ title }) => title)).toEqual([
    "trial 0, complete: 0.5",
    "trial 1, complete: 0.75",
    "trial 3, complete: 0.25",
    "trial 4, pruned: 0.5",
  ]);
  const [first, second, best, pruned] = dots;
  // less is higher on the page where the axis is: 0.75 above 0.5 above 0.25
  expect([second!.y < first!.y, first!.y < best!.y, pruned!.y === first!.y]).toEqual([true, true, true]);
  expect(pruned!.fill).not.toBe(first!.fill);
  // from trial 0 to 3 at 0.5, then down to 0.25, and on to the last trial
  const places = all(parseXml(svg), "path").map(({ attributes: { d = "" } }) =>
    [...d.matchAll(/-?[\d.]+ ?, ?-?[\d.]+|-?[\d.]+ -?[\d.]+/g)].map(([pair]) => pair.split(/[ ,]+/).map(Number)),
  );
  const near = (a: number, b: number): boolean => Math.abs(a - b) < 0.1;
  const expected = [
    [first!.x, first!.y],
    [best!.x, first!.y],
    [best!.x, best!.y],
    [pruned!.x, best!.y],
  ] as const;
  const isLine = (line: readonly (readonly number[])[]): boolean =>
    line.length === 4 && expected.every(([x, y], i) => near(line[i]![0]!, x) && near(line[i]![1]!, y));
  expect(places.some(isLine), JSON.stringify([places, expected])).toBe(true);
  expect(svg).toContain("best: trial 3, 0.25");
});

it("shows values over a parameter: tenfolds as far from each other, choices side by side", () => {
  const [lr, norm] = STUDY.parameters;
  const [a, b, c, d] = circles(parameterFigure(STUDY, lr!));
  expect(b!.x - a!.x).toBeCloseTo(c!.x - b!.x, 1);
  expect(d!.x - a!.x).toBeCloseTo((b!.x - a!.x) / 2, 1);
  const chosen = circles(parameterFigure(STUDY, norm!));
  expect(new Set(chosen.map(({ x }) => x)).size).toBe(2);
  expect(chosen[1]!.x).toBe(chosen[2]!.x);
});

it("says that there are no values, and takes logarithms where one has diverged", () => {
  const none = { ...STUDY, best: null, trials: STUDY.trials.slice(2, 3) };
  for (const svg of [trialsFigure(none), ...STUDY.parameters.map((one) => parameterFigure(none, one))]) {
    expect(all(parseXml(svg), "text").map(({ text }) => text)).toContain("no values");
  }
  const diverged = { ...STUDY, trials: [...STUDY.trials, trial(5, 1e6, { lr: 1, norm: "batch" })] };
  expect(trialsFigure(diverged)).toContain("logarithmic");
  const [first, , best] = circles(trialsFigure(diverged));
  expect(best!.y - first!.y).toBeGreaterThan(5);
  expect(trialsFigure(STUDY)).not.toContain("logarithmic");
});
