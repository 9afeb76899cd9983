import { expect, it } from "vitest";
import { compareToOriginal } from "../fixtures/original.ts";
import { ConvNeXtConfig } from "../index.ts";

compareToOriginal("ConvNeXt", "beyond");

it("ConvNeXt checks its options", () => {
  const options = { spatialDims: 2, inChannels: 1, numOutputs: 1 } as const;
  expect(new ConvNeXtConfig(options).nFeatures).toEqual([96, 192, 384, 768]);
  expect(() => new ConvNeXtConfig({ ...options, nBlocks: [1, 2] })).toThrow(
    /'nFeatures' got \[96,192,384,768\] and 'nBlocks' \[1,2\]/,
  );
});
