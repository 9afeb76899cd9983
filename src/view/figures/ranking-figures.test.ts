import { describe, expect, it } from "vitest";
import { dataPaths, num, pointsOf, textAt } from "../fixtures/drawn.ts";
import { SAMPLES, scored } from "../fixtures/scored.ts";
import { all, parseXml, type XmlElement } from "../fixtures/xml.ts";
import { precisionRecallFigure, rocFigure } from "./index.ts";

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
