import { afterAll, beforeAll, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { goldenPoint } from "../fixtures/golden.ts";
import { ComposeConfig, CropConfig, CropOrPadConfig, RandomAffineConfig, Rng } from "../index.ts";

let before: ReturnType<typeof torch.memory.live>;
beforeAll(() => {
  before = torch.memory.live();
});
afterAll(() => expect(torch.memory.live()).toEqual(before));

const around = (options: object) => new CropOrPadConfig({ maskName: "lesion", ...options }).getObject();

it("an empty mask leaves the image around its own centre, and has no size of its own", () => {
  using _scope = torch.scope();
  const names = ["image", "lesion"];
  const centre = new CropOrPadConfig({ targetShape: 3 }).getObject().apply(goldenPoint(names), new Rng(0));
  expect(
    around({ targetShape: 3, labels: [9] })
      .apply(goldenPoint(names), new Rng(0))
      .values(),
  ).toEqual(centre.values());
  expect(() => around({ labels: [9] }).apply(goldenPoint(names), new Rng(0))).toThrow(/sub-1, ses-1.*no voxel/);
});

it("a mask that is not there, or lies elsewhere, is said", () => {
  using _scope = torch.scope();
  expect(() => around({}).apply(goldenPoint(["image", "brain"]), new Rng(0))).toThrow(/'lesion'.*'brain'/);
  const moved = new CropConfig({ cropping: 1, include: ["image"] }).getObject();
  const point = moved.apply(goldenPoint(["image", "lesion"]), new Rng(0));
  expect(() => around({}).apply(point, new Rng(0))).toThrow(ImageError);
  expect(() => around({}).apply(point, new Rng(0))).toThrow(/does not lie on 'lesion'/);
});

it("in Compose with once, the mask is looked at where it was moved to", () => {
  using _scope = torch.scope();
  const transforms = [
    new RandomAffineConfig({
      degrees: [0, 0, 0, 0, 0, 0],
      scales: [1, 1, 1, 1, 1, 1],
      translation: [4, 4, 0, 0, 0, 0],
    }),
    new CropOrPadConfig({ maskName: "lesion", targetShape: 3 }),
  ];
  const [sequence, once] = [false, true].map((together) =>
    new ComposeConfig({ transforms, once: together }).getObject().apply(goldenPoint(["image", "lesion"]), new Rng(3)),
  );
  expect(once!.values()).toEqual(sequence!.values());
  expect([...once!.image("lesion").affine]).toEqual([...once!.image("image").affine]);
});
