import { expect, it } from "vitest";
import { compareToOriginal } from "../fixtures/original.ts";
import { DenseNetConfig } from "../index.ts";

compareToOriginal("DenseNet");

it("DenseNet checks its options", () => {
  const options = { spatialDims: 2, inChannels: 1, numOutputs: 1 } as const;
  const bad = (more: object) => () => new DenseNetConfig({ ...options, ...more });
  expect(new DenseNetConfig(options).nDenseLayers).toEqual([6, 12, 24, 16]);
  expect(bad({ nDenseLayers: [] })).toThrow(/'nDenseLayers' got \[\]/);
  expect(bad({ growthRate: 0 })).toThrow(/'growthRate' got 0/);
  expect(bad({ dropout: 2 })).toThrow(/'dropout' got 2/);
  expect(bad({ spatialDims: 4 })).toThrow(/'spatialDims' got 4. spatialDims is 1, 2 or 3/);
  expect(bad({ act: "rellu" })).toThrow(/elu, relu/);
});
