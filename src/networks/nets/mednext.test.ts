import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { MedNeXt, MedNeXtConfig } from "../index.ts";

compareToOriginal("MedNeXt", "beyond");

it("MedNeXt checks its options", () => {
  expect(new MedNeXtConfig({ blocksDown: [1, 1], blocksUp: [1, 1] }).encoderExpansionRatio).toEqual([2, 2]);
  expect(() => new MedNeXtConfig({ blocksUp: [1] })).toThrow(/'blocksDown' got \[2,2,2,2\] and 'blocksUp' \[1\]/);
  expect(() => new MedNeXtConfig({ decoderExpansionRatio: [2] })).toThrow(
    /'decoderExpansionRatio' got \[2\]. Expected one number, or 4/,
  );
  expect(() => new MedNeXtConfig({ kernelSize: 4 })).toThrow(/'kernelSize' got 4. Expected an odd number/);
});

it("MedNeXt says which sizes it takes, before it computes anything", () => {
  using network = new MedNeXt({ spatialDims: 2, initFilters: 2, blocksDown: [1, 1], blocksUp: [1, 1] });
  using x = torch.zeros([1, 1, 8, 10]);
  expect(() => network.call(x)).toThrow(/MedNeXt: images of size \[8,10\].*multiple of 4.*'blocksDown'/);
});
