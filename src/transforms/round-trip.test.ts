import { describe, expect, it } from "vitest";
import { formatJson } from "../io/json/format.ts";
import type { JsonObject } from "../utils/config.ts";
import { extractionRegistry, transformRegistry } from "./index.ts";

/** What those that cannot be made without an option are given; of any other, what is worth to be written. */
const GIVEN: Readonly<Record<string, object>> = {
  Activations: { softmax: true, dim: 1 },
  AsDiscrete: { toOnehot: 3, dtype: "uint8" },
  Clamp: { outMin: -1.5 },
  Compose: { transforms: [{ name_: "RandomFlip", p: 0.5 }, { name_: "RandomAffine" }], once: true },
  Crop: { cropping: [1, 2, 3] },
  CropOrPad: { maskName: "brain", labels: [2] },
  EnsureShapeMultiple: { targetMultiple: [2, 4, 8] },
  HistogramMatching: { reference: "template.nii.gz" },
  HistogramStandardization: { landmarks: [0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100] },
  LabelFilter: { appliedLabels: [1, 3] },
  Mask: { maskingMethod: [1, 2, 3], outsideValue: 7 },
  MergeFields: { keys: ["a", "b"], outputKey: "c" },
  OneOf: { transforms: [{ name_: "RandomBlur" }, { name_: "RandomNoise", std: 1 }], probabilities: [0.25, 0.75] },
  Pad: { padding: 2, paddingMode: "edge" },
  Patch: { patchSize: [4, 5, 6], overlap: 0.5, padMode: null },
  RandomNoise: { std: [0, 1], p: 0.5, include: ["image"] },
  RandomPatch: { patchSize: 4, numSamples: 3 },
  RemapLabels: { remapping: { 1: 2, 3: 0 } },
  Resample: {
    target: [
      [4, 5, 6],
      [
        [2, 0, 0, 1],
        [0, 2, 0, 1],
        [0, 0, 2.5, 1],
        [0, 0, 0, 1],
      ],
    ],
  },
  Resize: { targetShape: [4, -1, 6] },
  Slice: { slices: [1, 2], sliceDirection: 2, squeeze: false },
};

describe.each([
  ["transform", transformRegistry],
  ["extraction", extractionRegistry],
] as const)("every %s", (_, registry) => {
  it.each(registry.names)("%s is the same after JSON and back, to the letter", (name) => {
    const made = registry.from("'value'", { name_: name, ...GIVEN[name] });
    const text = formatJson(made!.toDict());
    const read = registry.read("test", "value", JSON.parse(text) as JsonObject);
    expect(read).toBeInstanceOf(made!.constructor);
    expect(formatJson(read.toDict())).toBe(text);
    expect(read).toEqual(made);
  });
});

it("nothing is given to what does not exist", () => {
  const known = [...transformRegistry.names, ...extractionRegistry.names];
  expect(Object.keys(GIVEN).filter((name) => !known.includes(name))).toEqual([]);
});
