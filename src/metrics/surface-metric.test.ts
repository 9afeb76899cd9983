import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import {
  GeneralizedDiceScoreConfig,
  HausdorffDistanceMetricConfig,
  MeanIoUConfig,
  type MetricConfig,
  SurfaceDiceMetricConfig,
  SurfaceDistanceMetricConfig,
} from "./index.ts";

// values are compared to the original's in metrics.test.ts, like those of every metric
let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(live);
});

function evaluate(config: MetricConfig, output: torch.Tensor, label: torch.Tensor) {
  const metric = config.getObject();
  // the batch disposes what it holds
  using batch = new TestBatch({ output: output.alias(), label: label.alias() });
  return { samples: metric.update(batch), value: metric.aggregate(), why: metric.whyUndefined() };
}
/** Masks of one row, (1, 1, 1, length), with these voxels. */
function row(length: number, ...voxels: number[]): torch.Tensor {
  const values = new Float32Array(length);
  for (const voxel of voxels) values[voxel] = 1;
  return torch.fromTypedArray(values, [1, 1, 1, length]);
}

describe("where the original is wrong", () => {
  it("percentile 0 of distances is the least, not the greatest", () => {
    using _scope = torch.scope();
    const of = (percentile: number) =>
      evaluate(new HausdorffDistanceMetricConfig({ percentile }), row(9, 0, 4), row(9, 0, 8)).value;
    expect([of(0), of(50), of(100)]).toEqual([0, 2, 4]);
  });
  it("a percentile is infinite, too, where a class is in one of both only; the reason names the sample", () => {
    using _scope = torch.scope();
    for (const percentile of [null, 95]) {
      const { value, why } = evaluate(new HausdorffDistanceMetricConfig({ percentile }), row(9), row(9, 3));
      expect(value).toBe(Number.POSITIVE_INFINITY);
      expect(why[0]?.message).toMatch(/infinite: sub-000 ses-M000 \(class 0\) is in the label only/);
    }
  });
  it("has no value where a class is nowhere, instead of 0", () => {
    using _scope = torch.scope();
    const { samples, value, why } = evaluate(new SurfaceDistanceMetricConfig(), row(9), row(9));
    expect([samples, value]).toEqual([[Number.NaN], Number.NaN]);
    expect(why[0]?.message).toMatch(/no class is in the output or the label/);
  });
  it("a slice of one voxel along an axis has an outline, as when it is squeezed", () => {
    using _scope = torch.scope();
    const square = torch.zeros([1, 1, 9, 9]);
    square.narrow(2, 1, 7).narrow(3, 1, 7).fill_(1);
    const small = torch.zeros([1, 1, 9, 9]);
    small.narrow(2, 3, 3).narrow(3, 3, 3).fill_(1);
    const config = new SurfaceDistanceMetricConfig();
    const flat = evaluate(config, small, square).value;
    expect(evaluate(config, small.unsqueeze(2), square.unsqueeze(2)).value).toBe(flat);
    // 8 voxels around one, each 2 from the outline
    expect(flat).toBe(2);
  });
  it("grid distances in millimetres have the size of voxels, which MONAI leaves out", () => {
    using _scope = torch.scope();
    const output = torch.zeros([1, 1, 5, 5, 5]);
    const label = torch.zeros([1, 1, 5, 5, 5]);
    output.select(2, 0).select(2, 0).select(2, 0).fill_(1);
    label.select(2, 1).select(2, 2).select(2, 3).fill_(1);
    for (const [distanceMetric, expected] of [["taxicab", 2 + 2 * 3 + 3 * 0.5] as const, ["chessboard", 6] as const]) {
      const metric = new HausdorffDistanceMetricConfig({ distanceMetric, spacing: "mm" }).getObject();
      // the batch disposes what it holds
      using batch = new TestBatch({ output: output.alias(), label: label.alias() });
      batch.setVoxelSize("label", [2, 3, 0.5]);
      expect(metric.update(batch)).toEqual([expected]);
    }
  });
});

describe("class indices", () => {
  it("give what one-hot masks give", () => {
    using _scope = torch.scope();
    torch.manualSeed(0);
    const indices = () => torch.randint(0, 3, [2, 1, 6, 5]).to({ dtype: "float32" });
    const oneHot = (x: torch.Tensor) =>
      torch.cat(
        [0, 1, 2].map((c) => x.eq(c).to({ dtype: "float32" })),
        1,
      );
    const [output, label] = [indices(), indices()];
    const configs: ((numClasses: number | null) => MetricConfig)[] = [
      (numClasses) => new MeanIoUConfig({ numClasses }),
      (numClasses) => new GeneralizedDiceScoreConfig({ numClasses }),
      (numClasses) => new HausdorffDistanceMetricConfig({ numClasses }),
      (numClasses) => new SurfaceDistanceMetricConfig({ numClasses }),
      (numClasses) => new SurfaceDiceMetricConfig({ classThresholds: [0, 1], numClasses }),
    ];
    for (const config of configs) {
      const expected = evaluate(config(null), oneHot(output), oneHot(label));
      expect(evaluate(config(3), output, label)).toEqual(expected);
      expect(evaluate(config(null), oneHot(output), label)).toEqual(expected);
    }
  });
});

describe("options that do not fit the images are errors that say so", () => {
  it("thresholds, shapes, and labels that are no images", () => {
    using _scope = torch.scope();
    const masks = torch.zeros([1, 3, 4, 4]);
    expect(() => new SurfaceDiceMetricConfig({ classThresholds: [] }).getObject()).toThrow(
      /'classThresholds' is empty/,
    );
    expect(() => evaluate(new SurfaceDiceMetricConfig({ classThresholds: [1] }), masks, masks)).toThrow(
      /got 1 numbers, for 2 class\(es\) without the background/,
    );
    expect(() => evaluate(new HausdorffDistanceMetricConfig({ spacing: "mm" }), masks, masks)).toThrow(
      /sub-000, ses-M000\): 'label' is no image/,
    );
    const numbers = torch.zeros([1, 1]);
    expect(() => evaluate(new HausdorffDistanceMetricConfig(), numbers, numbers)).toThrow(/1 to 3 spatial dimensions/);
  });
});
