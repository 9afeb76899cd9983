import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { SwinUNETR, SwinUNETRConfig } from "../index.ts";

compareToOriginal("SwinUNETR", "beyond");

const options = { spatialDims: 2, inChannels: 1, outChannels: 2 } as const;

it("SwinUNETR checks its options", () => {
  expect(new SwinUNETRConfig(options).windowSize).toEqual([7, 7]);
  const bad = (more: object) => () => new SwinUNETRConfig({ ...options, ...more });
  expect(bad({ featureSize: 10 })).toThrow(/'featureSize' got 10. Expected a multiple of 12/);
  expect(bad({ windowSize: [7, 7, 7] })).toThrow(/'windowSize' got \[7,7,7\]. Give one number, or 2/);
  expect(bad({ numHeads: [3, 6, 12] })).toThrow(/'numHeads' got \[3,6,12\]. Expected 4 numbers/);
  expect(bad({ numHeads: [3, 5, 12, 24] })).toThrow(/5 heads cannot share the 48 channels of stage 2/);
});

it("SwinUNETR says which sizes it takes, before it computes anything", () => {
  using network = new SwinUNETR({ ...options, featureSize: 12 });
  using x = torch.zeros([1, 1, 32, 40]);
  expect(() => network.call(x)).toThrow(/SwinUNETR: images of size \[32,40\].*multiple of 32/);
});
