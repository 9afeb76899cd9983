import { afterAll, beforeAll, expect, it } from "vitest";
import * as torch from "../torch/index.ts";
import { ImageError } from "../utils/exceptions.ts";
import { goldenPoint } from "./fixtures/golden.ts";
import {
  CropConfig,
  LabelFilterConfig,
  MaskConfig,
  OneHotConfig,
  RandomBiasFieldConfig,
  RandomBlurConfig,
  RandomSwapConfig,
  RemapLabelsConfig,
  Rng,
  type TransformConfig,
} from "./index.ts";

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const applied = (config: TransformConfig) => () => {
  using _scope = torch.scope();
  config.getObject().apply(goldenPoint(["image", "t2", "brain", "segmentation"]), new Rng(1));
};

it.each([
  [
    "a crop that leaves nothing",
    new CropConfig({ cropping: [2, 2, 4] }),
    /'image' of sub-1, ses-1 has 5×6×7 voxels.*\[2,2,4\]/,
  ],
  ["patches that have no room", new RandomSwapConfig({ patchSize: [5, 5, 6] }), /5×6×7 voxels.*5×5×6/],
  ["patches that are larger than the image", new RandomSwapConfig(), /15×15×15/],
  ["labels that are no class", new OneHotConfig({ numClasses: 2 }), /'segmentation'.*from 0 to 4; with 2 classes/],
])("%s is an error that names the image and whose it is", (_, config, message) => {
  expect(applied(config)).toThrow(ImageError);
  expect(applied(config)).toThrow(message);
});

it("a mask that is not there is named, with those there are", () => {
  expect(applied(new MaskConfig({ maskingMethod: "hippo" }))).toThrow(/'hippo'.*'brain', 'segmentation'/);
  expect(applied(new RemapLabelsConfig({ remapping: { 1: 2 }, maskingMethod: "hippo" }))).toThrow(/'hippo'/);
});

it("a mask of several channels cannot be made one-hot again", () => {
  using _scope = torch.scope();
  const once = new OneHotConfig().getObject();
  const point = once.apply(goldenPoint(), new Rng(1));
  expect(() => once.apply(point, new Rng(1))).toThrow(/'brain' of sub-1, ses-1 has 2 channels/);
});

it("options that do not go together, or are no such thing", () => {
  expect(() => new MaskConfig({ maskingMethod: 1, labels: [1] })).toThrow(/'labels'.*name/);
  expect(() => new MaskConfig({} as never)).toThrow(/'maskingMethod' is required/);
  expect(() => new RemapLabelsConfig({ remapping: { one: 2 } })).toThrow(/remapping/);
  expect(() => new RandomBlurConfig({ std: [0, 1, 2, 1, 0, 1] })).toThrow(/smaller number of each axis first/);
  expect(() => new RandomBlurConfig({ std: -1 })).toThrow(/std/);
  expect(() => new RandomBiasFieldConfig({ order: -1 })).toThrow(/order/);
  expect(() => new LabelFilterConfig({ appliedLabels: [] })).toThrow(/appliedLabels/);
  expect(() => new OneHotConfig({ numClasses: 0 })).toThrow(/numClasses/);
  expect(() => new CropConfig({ cropping: -1 })).toThrow(/cropping/);
});
