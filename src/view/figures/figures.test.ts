import { describe, expect, it } from "vitest";
import { num, pointsOf, textAt } from "../fixtures/drawn.ts";
import { SAMPLES } from "../fixtures/scored.ts";
import { all, parseXml, type XmlElement } from "../fixtures/xml.ts";
import {
  calibrationFigure,
  confusionFigure,
  type FigureOptions,
  foldsFigure,
  histogramFigure,
  lineChart,
  precisionRecallFigure,
  regressionFigure,
  reliabilityBins,
  rocFigure,
} from "./index.ts";

const FOLDS = {
  checkpoint: "final",
  group: "held",
  splits: [0, 1],
  missing: [],
  metrics: [
    {
      metric: "auc",
      mean: 0.75,
      sd: 0.1,
      n: 2,
      values: [0.5, 1],
      intervals: [{ lower: 0.25, upper: 0.75, level: 0.95 }, null],
    },
    { metric: "constant", mean: null, sd: null, n: 0, values: [null, null], intervals: [null, null] },
  ],
};

/** Each figure, of data with texts that are marks. */
const FIGURES: Readonly<Record<string, (options: FigureOptions) => string>> = {
  lineChart: (options) =>
    lineChart(
      { title: "<script>alert('&')</script>", series: [{ name: '"quoted" </svg>', x: [1, 2, 3], y: [1, null, 3] }] },
      options,
    ),
  roc: (options) => rocFigure([{ name: "a & b", samples: SAMPLES }], options),
  precisionRecall: (options) =>
    precisionRecallFigure(
      [
        { name: "<b>", samples: SAMPLES },
        { name: "c", samples: SAMPLES },
      ],
      options,
    ),
  confusion: (options) =>
    confusionFigure(
      {
        classes: ["<CN>", "\u0000AD"],
        counts: [
          [3, 1],
          [0, 0],
        ],
      },
      options,
    ),
  calibration: (options) =>
    calibrationFigure(reliabilityBins([{ probability: 1, label: 1, participant: "sub-1" }]), options),
  regression: (options) =>
    regressionFigure(
      [
        { label: 1, predicted: 2, name: "<sub>" },
        { label: 3, predicted: 3 },
      ],
      options,
    ),
  histogram: (options) =>
    histogramFigure(
      {
        distributions: [
          { name: "<a>", values: [1, 1] },
          { name: "b", values: [] },
        ],
      },
      options,
    ),
  folds: (options) => foldsFigure(FOLDS, options),
  nothing: (options) =>
    lineChart({ title: "", series: [] }, options) && rocFigure([], options) && regressionFigure([], options),
};

describe.each(Object.entries(FIGURES))("%s", (_, make) => {
  it.each(["light", "dark", "page"] as const)(
    "is well-formed on %s, says what it is, and is the same each time",
    (ground) => {
      const text = make({ ground });
      const svg = parseXml(text);
      expect(svg.attributes).toMatchObject({ role: "img", xmlns: "http://www.w3.org/2000/svg" });
      expect(svg.children.slice(0, 2).map(({ name }) => name)).toEqual(["title", "desc"]);
      expect(text).not.toMatch(/NaN|undefined|Infinity|<script/);
      expect(make({ ground })).toBe(text);
      const plain = text.replaceAll(/var\(--figure-[a-z0-9]+, #[0-9a-f]{6}\)/g, "");
      if (ground === "page") expect(plain).not.toMatch(/#[0-9a-f]{6}/);
      else expect(text).not.toContain("var(");
    },
  );
  it("keeps what it draws within its size, small and large", () => {
    for (const [width, height] of [
      [300, 300],
      [1600, 900],
    ] as const) {
      const svg = parseXml(make({ width, height }));
      expect(svg.attributes.viewBox).toBe(`0 0 ${width} ${height}`);
      const places = [
        ...all(svg, "path").flatMap(pointsOf),
        ...all(svg, "circle").map((circle) => ({ x: num(circle, "cx"), y: num(circle, "cy") })),
      ];
      for (const { x, y } of places) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(width);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(height);
      }
    }
  });
});

it("a confusion matrix has counts, and shares of what is so", () => {
  const svg = parseXml(
    confusionFigure({
      classes: ["CN", "AD"],
      counts: [
        [3, 1],
        [2, 4],
      ],
    }),
  );
  const texts = all(svg, "text").map(({ text }) => text);
  expect(texts).toContain("7 of 10 right (70 %)");
  expect(texts.filter((text) => /^\d+$| %$/.test(text))).toEqual([
    "3",
    "75 %",
    "1",
    "25 %",
    "2",
    "33.3 %",
    "4",
    "66.7 %",
  ]);
  const shades = all(svg, "rect").flatMap(({ attributes }) =>
    attributes.fill === "#0072b2" ? [attributes["fill-opacity"]] : [],
  );
  expect(shades).toEqual(["0.75", "0.25", "0.33", "0.67"]);
});

it("calibration has bins of equal width, and intervals by Wilson", () => {
  const samples = Array.from({ length: 10 }, (_, i) => ({
    probability: 0.85,
    label: (i < 8 ? 1 : 0) as 0 | 1,
    participant: `sub-${i}`,
  }));
  expect(
    reliabilityBins([
      ...samples,
      { probability: 1, label: 1, participant: "a" },
      { probability: 0, label: 0, participant: "a" },
    ]),
  ).toEqual([
    { lower: 0, upper: 0.1, n: 1, participants: 1, probability: 0, frequency: 0 },
    { lower: 0.8, upper: 0.9, n: 10, participants: 10, probability: expect.closeTo(0.85, 10), frequency: 0.8 },
    { lower: 0.9, upper: 1, n: 1, participants: 1, probability: 1, frequency: 1 },
  ]);
  const svg = parseXml(calibrationFigure(reliabilityBins(samples)));
  const y = (value: string) => num(textAt(svg, value, "end"), "y") - 4;
  const [circle] = all(svg, "circle");
  expect(num(circle!, "cy")).toBeCloseTo(y("0.8"), 1);
  const whisker = all(svg, "line").find(({ attributes }) => attributes.x1 === circle?.attributes.cx)!;
  // statsmodels: proportion_confint(8, 10, method="wilson")
  const place = (value: number) => y("0.0") + (y("1.0") - y("0.0")) * value;
  expect(num(whisker, "y1")).toBeCloseTo(place(0.490162), 1);
  expect(num(whisker, "y2")).toBeCloseTo(place(0.943318), 1);
  expect(all(svg, "text").map(({ text }) => text)).toContain("expected calibration error 0.050, 10 samples");
});

it("a regression has points on the line where they are right, and residuals around their mean", () => {
  const samples = [1, 2, 3, 4].map((label) => ({ label, predicted: label + (label % 2), name: `sub-${label}` }));
  const svg = parseXml(regressionFigure(samples, { quantity: "age" }));
  // residuals 1, 0, 1, 0; R² = 1 - 2 / 5
  expect(all(svg, "text").map(({ text }) => text)).toContain("mean absolute error 0.5, R² 0.600, 4 samples");
  const circles = all(svg, "circle");
  expect(circles).toHaveLength(8);
  const identity = all(svg, "line").find(({ attributes }) => attributes["stroke-dasharray"] === "3 4")!;
  const [x1, y1, x2, y2] = ["x1", "y1", "x2", "y2"].map((name) => num(identity, name));
  const onLine = (circle: XmlElement) =>
    y1! + ((num(circle, "cx") - x1!) / (x2! - x1!)) * (y2! - y1!) - num(circle, "cy");
  expect(onLine(circles[1]!)).toBeCloseTo(0, 1);
  expect(onLine(circles[0]!)).toBeGreaterThan(10);
  expect(all(circles[0]!, "title")[0]?.text).toBe("sub-1: 2 for 1");
});

it("a histogram has as many samples in its bins as there are, the greatest in the last", () => {
  const svg = parseXml(histogramFigure({ distributions: [{ name: "CN", values: [0, 0, 0, 10] }] }));
  const [path] = all(svg, "path");
  const points = pointsOf(path!);
  const y = (value: string) => num(textAt(svg, value, "end"), "y") - 4;
  const [bottom, top] = [y("0"), y("3")];
  const heights = points
    .slice(1, -1)
    .flatMap((point, i) => (i % 2 === 0 ? [Math.round(((point.y - bottom) / (top - bottom)) * 3) + 0] : []));
  expect(heights).toEqual([3, ...Array.from({ length: heights.length - 2 }, () => 0), 1]);
});

it("folds have a dot each at their value, with its interval, and the mean in between", () => {
  const svg = parseXml(foldsFigure(FOLDS));
  const dots = all(svg, "circle").filter((circle) => circle.children.length > 0);
  expect(dots.map((circle) => circle.children[0]?.text)).toEqual(["split 0: 0.5", "split 1: 1"]);
  const [a = 0, b = 0] = dots.map((circle) => num(circle, "cx"));
  const mean = all(svg, "line").find(({ attributes }) => attributes["stroke-width"] === "2")!;
  expect(num(mean, "x1")).toBeCloseTo((a + b) / 2, 1);
  const whisker = all(svg, "line").find(({ attributes }) => attributes["stroke-opacity"] === "0.55")!;
  expect([num(whisker, "x1") - a, num(whisker, "x2") - a]).toEqual([
    expect.closeTo(-(b - a) / 2, 1),
    expect.closeTo((b - a) / 2, 1),
  ]);
  expect(all(svg, "text").map(({ text }) => text)).toEqual(expect.arrayContaining(["0.75 ± 0.1", "–"]));
});
