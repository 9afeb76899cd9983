import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeNifti } from "../../io/nifti/index.ts";
import * as torch from "../../torch/index.ts";
import { goldenPoint, near, readGolden } from "../fixtures/golden.ts";
import { HistogramMatchingConfig, Rng } from "../index.ts";

const { matched } = readGolden<{ matched: Record<string, { reference: string; result: number[] }> }>("beyond.json");

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "matching-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function write(name: string, tensor: torch.Tensor): string {
  const path = join(dir, `${name}.nii.gz`);
  const [, x = 1, y = 1, z = 1] = tensor.shape;
  // as NIfTI has them: the first axis fastest
  const data = Float32Array.from(tensor.permute([0, 3, 2, 1]).flatten().toArray() as number[]);
  writeNifti(path, { data, shape: [x, y, z], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] });
  return path;
}

describe("HistogramMatching", () => {
  it.each(Object.entries(matched))(
    "gives %s the histogram of another image, as scikit-image does",
    (name, { reference, result }) => {
      const live = torch.memory.live();
      {
        using _scope = torch.scope();
        const path = write(reference, goldenPoint([reference]).image(reference).tensor);
        const point = goldenPoint([name, "brain"]);
        const mask = point.image("brain").tensor;
        const after = new HistogramMatchingConfig({ reference: path }).getObject().apply(point, new Rng(0));
        near(after.image(name).tensor.flatten().toArray() as number[], result, 1e-5);
        expect(after.image("brain").tensor).toBe(mask);
      }
      expect(torch.memory.live()).toEqual(live);
    },
  );

  it("matches what is under masks only, and leaves the rest", () => {
    using _scope = torch.scope();
    const point = goldenPoint(["image", "brain"]);
    const [before, mask] = [point.image("image").tensor, point.image("brain").tensor.ne(0)];
    // under its mask, the reference is the image times 2, and elsewhere far away
    const reference = write("masked", torch.where(mask, before.mul(2), torch.full([], 1e6)));
    const referenceMask = write("mask", mask.to({ dtype: "float32" }));
    const config = new HistogramMatchingConfig({ reference, referenceMask, maskingMethod: "brain" });
    expect(HistogramMatchingConfig.fromDict(config.toDict())).toEqual(config);
    const after = config.getObject().apply(point, new Rng(0)).image("image").tensor;
    expect(torch.equal(after, torch.where(mask, before.mul(2), before))).toBe(true);
    const small = write("small", torch.ones([1, 2, 2, 2]));
    const wrong = new HistogramMatchingConfig({ reference, referenceMask: small });
    expect(() => wrong.getObject().apply(goldenPoint(["image"]), new Rng(0))).toThrow(
      /masked.*its mask .*small.*\(1, 2, 2, 2\)/,
    );
  });

  it("leaves an image alone that is the reference itself, and says which image holds no numbers", () => {
    using _scope = torch.scope();
    const point = goldenPoint(["image"]);
    const before = point.image("image").tensor;
    const path = write("itself", before);
    const transform = new HistogramMatchingConfig({ reference: path }).getObject();
    const after = transform.apply(point, new Rng(0)).image("image").tensor;
    expect(torch.equal(after, before)).toBe(true);
    const bad = goldenPoint(["image"]);
    bad.image("image").tensor = torch.full([1, 2, 2, 2], Number.NaN);
    expect(() => transform.apply(bad, new Rng(0))).toThrow(/'image' of sub-1, ses-1 holds values that are not numbers/);
    const missing = new HistogramMatchingConfig({ reference: join(dir, "none.nii.gz") }).getObject();
    expect(() => missing.apply(goldenPoint(["image"]), new Rng(0))).toThrow(/none\.nii\.gz/);
    const holes = write("holes", torch.full([1, 2, 2, 2], Number.NaN));
    const wrong = new HistogramMatchingConfig({ reference: holes }).getObject();
    expect(() => wrong.apply(goldenPoint(["image"]), new Rng(0))).toThrow(
      /the reference .*holes\.nii\.gz holds values/,
    );
    expect(() => new HistogramMatchingConfig({ reference: "" })).toThrow(/'reference'/);
  });
});
