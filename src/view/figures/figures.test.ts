import { describe, expect, it } from "vitest";
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
  type Scored,
} from "./index.ts";

const scored = (scores: readonly number[], labels: readonly number[]): Scored[] =>
  scores.map((score, i) => ({ score, label: labels[i] === 1 ? 1 : 0, participant: `sub-${i}` }));
const SAMPLES = scored([0.1, 0.4, 0.35, 0.8, 0.4, 0.4], [0, 0, 1, 1, 1, 0]);
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

const num = (element: XmlElement, name: string) => Number(element.attributes[name]);
const textAt = (svg: XmlElement, content: string, anchor: string) =>
  all(svg, "text").find(({ text, attributes }) => text === content && attributes["text-anchor"] === anchor)!;
/** The points of a path. */
const pointsOf = (path: XmlElement) =>
  [...(path.attributes.d ?? "").matchAll(/([ML])(-?[\d.]+) (-?[\d.]+)/g)].map(([, mark, x, y]) => ({
    mark,
    x: Number(x),
    y: Number(y),
  }));
const dataPaths = (svg: XmlElement) =>
  all(svg, "path").filter(({ attributes }) => attributes["stroke-linecap"] === "round");

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

describe("a line chart", () => {
  it("has its points where its ticks say", () => {
    const svg = parseXml(lineChart({ title: "t", series: [{ name: "a", x: [0, 4, 8], y: [0, 10, 20] }] }));
    const [path] = dataPaths(svg);
    const points = pointsOf(path!);
    const xTick = (value: string) => num(textAt(svg, value, "middle"), "x");
    // the base line of a label is 4 below the middle of its letters
    const yTick = (value: string) => num(textAt(svg, value, "end"), "y") - 4;
    expect(points.map(({ x }) => x)).toEqual([xTick("0"), xTick("4"), xTick("8")]);
    expect(points.map(({ y }) => y)).toEqual([yTick("0"), yTick("10"), yTick("20")]);
    expect(xTick("4")).toBeCloseTo((xTick("0") + xTick("8")) / 2, 1);
  });

  it("has gaps where values are missing, and a dot where one stands alone", () => {
    const svg = parseXml(
      lineChart({ title: "t", series: [{ name: "a", x: [1, 2, 3, 4, 5, 6], y: [1, 2, null, 2, null, 1] }] }),
    );
    const [path] = dataPaths(svg);
    expect(pointsOf(path!).map(({ mark }) => mark)).toEqual(["M", "L"]);
    expect(all(svg, "circle")).toHaveLength(2);
  });

  it("has a tenfold as high everywhere on a log scale, and no zero", () => {
    const svg = parseXml(
      lineChart({ title: "t", yScale: "log", series: [{ name: "a", x: [1, 2, 3, 4, 5], y: [1, 0.1, 0.01, 0, -1] }] }),
    );
    const points = pointsOf(dataPaths(svg)[0]!);
    expect(points).toHaveLength(3);
    const [a = 0, b = 0, c = 0] = points.map(({ y }) => y);
    expect(b - a).toBeCloseTo(c - b, 1);
  });

  it("of 100,000 points keeps the extremes, and so many as can be seen", () => {
    const y = Array.from({ length: 100_000 }, (_, i) => (i === 54_321 ? 100 : i === 54_322 ? -100 : Math.sin(i)));
    const svg = parseXml(lineChart({ title: "t", series: [{ name: "a", x: y.map((_, i) => i), y }] }, { width: 640 }));
    const points = pointsOf(dataPaths(svg)[0]!);
    expect(points.length).toBeLessThan(4 * 640);
    const ys = points.map((point) => point.y);
    expect(Math.min(...ys)).toBe(num(textAt(svg, "100", "end"), "y") - 4);
    expect(Math.max(...ys)).toBe(num(textAt(svg, "−100", "end"), "y") - 4);
  });

  it("smooths by the past alone, beginning with the first value", () => {
    const chart = { title: "t", smoothing: 0.5, series: [{ name: "a", x: [0, 1, 2], y: [0, 9, 9] }] };
    const svg = parseXml(lineChart(chart));
    const [raw, smooth] = dataPaths(svg);
    expect(raw?.attributes["stroke-opacity"]).toBe("0.3");
    const tick = (value: string) => num(textAt(svg, value, "end"), "y") - 4;
    const [zero, ten] = [tick("0"), tick("10")];
    // 0; (0.25 * 0 + 0.5 * 9) / 0.75 = 6; (0.25 * 9 + 0.5 * 9) / 0.875 = 54 / 7
    const expected = [0, 6, 54 / 7].map((value) => zero + ((ten - zero) * value) / 10);
    for (const [i, { y }] of pointsOf(smooth!).entries()) expect(y).toBeCloseTo(expected[i]!, 1);
  });

  it("names a look once", () => {
    const series = [0, 1].map((i) => ({ name: "validation", x: [1], y: [i], look: 0 }));
    const svg = parseXml(lineChart({ title: "t", series }));
    expect(all(svg, "text").filter(({ text }) => text === "validation")).toHaveLength(1);
  });
});

describe("curves of ranking", () => {
  const corners = (svg: XmlElement) => {
    const [left, right] = ["0.0", "1.0"].map((value) => num(textAt(svg, value, "middle"), "x"));
    const [bottom, top] = ["0.0", "1.0"].map((value) => num(textAt(svg, value, "end"), "y") - 4);
    return { left: left!, right: right!, bottom: bottom!, top: top! };
  };
  const values = (svg: XmlElement, path: XmlElement) => {
    const { left, right, bottom, top } = corners(svg);
    return pointsOf(path).map(({ x, y }) => [
      Number(((x - left) / (right - left)).toFixed(2)),
      Number(((y - bottom) / (top - bottom)).toFixed(2)),
    ]);
  };

  it("ROC is scikit-learn's, ties and all", () => {
    // roc_curve(y, s, drop_intermediate=False), roc_auc_score
    const svg = parseXml(rocFigure([{ name: "split 0", samples: SAMPLES }]));
    expect(values(svg, dataPaths(svg)[0]!)).toEqual([
      [0, 0],
      [0, 0.33],
      [0.67, 0.67],
      [0.67, 1],
      [1, 1],
    ]);
    expect(svg.attributes["aria-label"]).toContain("split 0: AUC 0.667");
    expect(all(svg, "text").some(({ text }) => text === "95 % of draws")).toBe(true);
  });

  it("precision and recall are scikit-learn's, with its average precision", () => {
    const svg = parseXml(precisionRecallFigure([{ name: "split 0", samples: SAMPLES }]));
    expect(svg.attributes["aria-label"]).toContain("split 0: AP 0.700");
    expect(values(svg, dataPaths(svg)[0]!)).toEqual([
      [0, 1],
      [0, 1],
      [0.33, 1],
      [0.33, 0.5],
      [0.67, 0.5],
      [0.67, 0.6],
      [1, 0.6],
      [1, 0.5],
      [1, 0.5],
    ]);
  });

  it("of several folds has their mean, and says so where a class is missing", () => {
    const other = scored([0.9, 0.1], [1, 0]);
    const svg = parseXml(
      rocFigure([
        { name: "split 0", samples: SAMPLES },
        { name: "split 1", samples: other },
        { name: "split 2", samples: scored([0.9], [1]) },
      ]),
    );
    const texts = all(svg, "text").map(({ text }) => text);
    // (2 / 3 + 1) / 2
    expect(texts).toContain("mean: AUC 0.833");
    expect(texts).toContain("± 1 standard deviation");
    expect(texts.some((text) => text.startsWith("split 2"))).toBe(false);
    expect(
      all(parseXml(rocFigure([{ name: "a", samples: scored([0.9], [1]) }])), "text").map(({ text }) => text),
    ).toContain("no values");
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
