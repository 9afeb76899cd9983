import { expect, it } from "vitest";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { Point } from "../fixtures/point.ts";
import { Patch } from "../index.ts";

const EYE = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

expectNothingLeft();

/** The first patch of an image of `voxels` voxels along the first axis, 0, 1, 2 …, and of one along the others. */
function firstPatch(voxels: number, options: { readonly patchSize: number; readonly padMode: "reflect" | "circular" }) {
  using _scope = torch.scope();
  const values = Float32Array.from({ length: voxels }, (_, i) => i);
  const point = new Point().add("image", "scalar", torch.fromTypedArray(values, [1, voxels, 1, 1]), EYE);
  new Patch({ ...options, patchSize: [options.patchSize, 1, 1] }).extract(point, 0);
  const [[, image] = []] = [...point.namedImages()];
  return [...(image?.tensor.toTypedArray() ?? [])].map(Number);
}

it.each([
  ["reflect", 5, [0, 1, 2, 1, 0], 6, /3 voxels along axis 0 is padded with 3 for patches of 6, .* at most 2\./],
  ["circular", 6, [0, 1, 2, 0, 1, 2], 7, /3 voxels along axis 0 is padded with 4 for patches of 7, .* at most 3\./],
] as const)(
  "pads by %s as far as there are voxels for it, and says where there are not",
  (padMode, most, padded, more, message) => {
    expect(firstPatch(3, { patchSize: most, padMode })).toEqual(padded);
    expect(() => firstPatch(3, { patchSize: more, padMode })).toThrow(message);
  },
);
