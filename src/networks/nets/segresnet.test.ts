import { expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { compareToOriginal } from "../fixtures/original.ts";
import { SegResNet, SegResNetConfig } from "../index.ts";

compareToOriginal("SegResNet", "beyond");

it("SegResNet checks its options", () => {
  expect(new SegResNetConfig().norm).toEqual(["group", { numGroups: 8 }]);
  expect(() => new SegResNetConfig({ blocksUp: [1] })).toThrow(
    /'blocksDown' got \[1,2,2,4\] and 'blocksUp' \[1\].*give 3 number/,
  );
  // @ts-expect-error
  expect(() => new SegResNetConfig({ upsampleMode: "pixelshuffle" })).toThrow(/nontrainable, deconv/);
  // @ts-expect-error
  expect(() => new SegResNetConfig({ spatialDims: 1 })).toThrow(/spatialDims is 2 or 3/);
});

it("SegResNet says which sizes it takes, before it computes anything", () => {
  using network = new SegResNet({ spatialDims: 2, blocksDown: [1, 1], blocksUp: [1] });
  using x = torch.zeros([1, 1, 8, 9]);
  expect(() => network.call(x)).toThrow(/SegResNet: images of size \[8,9\].*multiple of 2.*'blocksDown'/);
});
