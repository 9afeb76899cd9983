import { describe, expect, it } from "vitest";
import { dataPaths, num, pointsOf, textAt } from "../fixtures/drawn.ts";
import { all, parseXml } from "../fixtures/xml.ts";
import { lineChart } from "./index.ts";

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
