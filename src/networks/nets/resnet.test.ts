import { expect, it } from "vitest";
import { compareToOriginal } from "../fixtures/original.ts";
import { ResNetConfig } from "../index.ts";

compareToOriginal("ResNet");

it("ResNet checks its options", () => {
  const options = { spatialDims: 2, inChannels: 1, numOutputs: 1 } as const;
  const bad = (more: object) => () => new ResNetConfig({ ...options, ...more });
  expect(new ResNetConfig(options).initConvSize).toEqual([7, 7]);
  expect(bad({ nFeatures: [4, 8] })).toThrow(/'nFeatures' got \[4,8\] and 'nResBlocks' \[2,2,2,2\]/);
  expect(bad({ nFeatures: [4, 6], nResBlocks: [1, 1], blockType: "bottleneck" })).toThrow(
    /6 is not a multiple of .* \(4\)/,
  );
  expect(bad({ initConvStride: [1, 1, 1] })).toThrow(/'initConvStride' got \[1,1,1\]. Give one number, or 2/);
  expect(bad({ blockType: "bottlenek" })).toThrow(/basic, bottleneck/);
});
