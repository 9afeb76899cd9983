import { expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { TestBatch } from "./fixtures/test-batch.ts";
import { type MetricConfig, MultiScaleSSIMMetricConfig, PSNRMetricConfig, SSIMMetricConfig } from "./index.ts";

// values are compared to the original's in metrics.test.ts, like those of every metric
function evaluate(config: MetricConfig, output: torch.Tensor, label: torch.Tensor): number {
  const metric = config.getObject();
  // the batch disposes what it holds
  using batch = new TestBatch({ output: output.alias(), label: label.alias() });
  metric.update(batch);
  return metric.aggregate();
}

it("equal images have similarity 1, also bright ones, and infinite signal to noise", () => {
  using _scope = torch.scope();
  torch.manualSeed(0);
  const bright = torch.rand([2, 1, 12, 12]).mul(1e-3).add(1000);
  expect(evaluate(new SSIMMetricConfig({ spatialDims: 2 }), bright, bright)).toBe(1);
  const scales = new MultiScaleSSIMMetricConfig({ spatialDims: 2, kernelSize: 3, weights: [0.5, 0.5] });
  expect(evaluate(scales, bright, bright)).toBe(1);
  expect(evaluate(new PSNRMetricConfig({ maxVal: 1 }), bright, bright)).toBe(Number.POSITIVE_INFINITY);
});

it("images of other dimensions, or smaller than the window at a scale, are errors that say so", () => {
  using _scope = torch.scope();
  const images = torch.zeros([1, 1, 12, 12]);
  expect(() => evaluate(new SSIMMetricConfig({ spatialDims: 3 }), images, images)).toThrow(/N, C, D, H, W.*12, 12/);
  expect(() => evaluate(new SSIMMetricConfig({ spatialDims: 2, winSize: [3, 13] }), images, images)).toThrow(/3×13/);
  const scales = new MultiScaleSSIMMetricConfig({ spatialDims: 2, kernelSize: 4, weights: [1, 1, 1] });
  expect(() => evaluate(scales, images, images)).toThrow(/at least 16×16 voxels; these have 12×12/);
  expect(() => new MultiScaleSSIMMetricConfig({ spatialDims: 2, weights: [] }).getObject()).toThrow(
    /'weights' is empty/,
  );
});
