import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { ResEncUNet, ResEncUNetConfig } from "../index.ts";

compareToOriginal("ResEncUNet", "beyond");

const options = { spatialDims: 2, inChannels: 1, outChannels: 2 } as const;

it("ResEncUNet spells its options out per stage, and checks them", () => {
  const config = new ResEncUNetConfig({ ...options, featuresPerStage: [2, 4], kernelSizes: [[1, 3], 3], strides: 2 });
  expect(config.kernelSizes).toEqual([
    [1, 3],
    [3, 3],
  ]);
  expect(config.strides).toEqual([
    [2, 2],
    [2, 2],
  ]);
  expect(config.nBlocksPerStage).toEqual([1, 3]);
  const bad = (more: object) => () => new ResEncUNetConfig({ ...options, featuresPerStage: [2, 4, 8], ...more });
  expect(bad({ strides: [1, 2] })).toThrow(/'strides' got \[1,2\]. Expected one number, or 3/);
  expect(bad({ strides: [1, [2, 2, 2], 2] })).toThrow(/'strides' .* or 2 \('spatialDims'\) per stage/);
  expect(bad({ kernelSizes: [3, 3, 2] })).toThrow(/'kernelSizes' got .* odd/);
  expect(bad({ nConvPerStageDecoder: [1] })).toThrow(/'nConvPerStageDecoder' got \[1\]. Expected one number, or 2/);
  expect(bad({ featuresPerStage: [2] })).toThrow(/at least 2 stages/);
});

it("ResEncUNet gives one segmentation per size in training with deepSupervision, else the largest", () => {
  using _scope = torch.scope();
  using network = new ResEncUNet({ ...options, featuresPerStage: [2, 3, 4], deepSupervision: true });
  using x = torch.zeros([1, 1, 8, 12]);
  const outputs = network.call(x);
  if (outputs instanceof torch.Tensor) throw new TypeError("one tensor");
  expect(outputs.map((each) => [...each.shape])).toEqual([
    [1, 2, 8, 12],
    [1, 2, 4, 6],
  ]);
  const only = network.eval().call(x);
  expect(only instanceof torch.Tensor && [...only.shape]).toEqual([1, 2, 8, 12]);
});

it("ResEncUNet says which sizes it takes, before it computes anything", () => {
  using network = new ResEncUNet({ ...options, featuresPerStage: [2, 2, 2], strides: [1, [1, 2], 2] });
  using x = torch.zeros([1, 1, 8, 10]);
  expect(() => network.call(x)).toThrow(/ResEncUNet: images of size \[8,10\].*multiple of \[2,4\].*'strides'/);
});
