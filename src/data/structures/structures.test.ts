/** Data points and samples, held to what ClinicaDL 2.0.0 accepts: test/golden/structures_golden.py. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { BidsFileType } from "../../io/bids/index.ts";
import { writeNifti } from "../../io/nifti/index.ts";
import { expectNothingLeft } from "../../torch/fixtures/nothing-left.ts";
import * as torch from "../../torch/index.ts";
import { ConfigError, ImageError } from "../../utils/exceptions.ts";
import { DataPoint, FieldError, LabelMap, Sample, Sample2D, ScalarImage } from "./index.ts";

interface Golden {
  readonly places: { readonly type: string; readonly position: unknown; readonly accepted: boolean }[];
  readonly channels: { readonly of: "file_type" | "image_path"; readonly values: number; readonly accepted: boolean }[];
  readonly slices: { readonly direction: 0 | 1 | 2; readonly accepted: boolean }[];
}
const golden: Golden = JSON.parse(readFileSync(new URL("./golden/structures.json", import.meta.url), "utf8"));

expectNothingLeft();

const dir = mkdtempSync(join(tmpdir(), "structures-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const AFFINE = [2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1.5, 0, 0, 0, 0, 1];
const who = { participantId: "sub-001", sessionId: "ses-M000" };
const image = (shape = [1, 2, 3, 2], affine = AFFINE): ScalarImage => new ScalarImage(torch.zeros(shape), affine);

/** What `make` throws; what it makes is disposed. */
function refusal(make: (image: ScalarImage) => Disposable, given = image()): unknown {
  try {
    using _made = make(given);
    return null;
  } catch (error) {
    given.dispose();
    return error;
  }
}

describe("a sample, as the original's,", () => {
  it.each(golden.places)(
    "with the type $type and the position $position: $accepted",
    ({ type, position, accepted }) => {
      const place = { sampleType: type, samplePosition: position, sliceDirection: 0, squeeze: true };
      const error = refusal((own) => new Sample({ ...who, image: own, place: place as never }));
      if (accepted) expect(error).toBeNull();
      else {
        expect(error).toBeInstanceOf(ConfigError);
        expect(String(error)).toMatch(
          /\(sub-001, ses-M000\): 'place' got .* Of a whole image 'samplePosition' is null/,
        );
      }
    },
  );
  it.each(golden.channels)("of 3 channels with $values values as $of: $accepted", ({ of, values, accepted }) => {
    const fileType = Array(values).fill(new BidsFileType({ dataType: "anat", suffix: "T1w" }));
    const imagePath = Array(values).fill("/a.nii.gz");
    const given = of === "file_type" ? { fileType } : { imagePath };
    const error = refusal((own) => new Sample({ ...who, image: own, ...given }), image([3, 2, 3, 2]));
    if (accepted) expect(error).toBeNull();
    else {
      expect(error).toBeInstanceOf(ImageError);
      expect(String(error)).toMatch(new RegExp(`has ${values} values, the image has 3 channels`));
    }
  });
  it.each(golden.slices)("of one voxel along the axis 1, as a slice along $direction: $accepted", (c) => {
    const place = { sampleType: "slice", samplePosition: 0, sliceDirection: c.direction, squeeze: true } as const;
    const error = refusal((own) => new Sample2D({ ...who, image: own, place }), image([1, 2, 1, 3]));
    if (c.accepted) expect(error).toBeNull();
    else expect(String(error)).toMatch(/a slice along direction \d has 1 voxel there; the image has [23]/);
  });
  it("has for each channel what there is one of, and says what it is", () => {
    using sample = new Sample({ ...who, image: image([2, 2, 3, 2]), imagePath: "/a.nii.gz" });
    expect(sample.getField("image_path")).toEqual(["/a.nii.gz", "/a.nii.gz"]);
    expect([sample.getField("sample_type"), sample.getField("sample_position")]).toEqual(["image", null]);
    expect(sample.getField("file_type")).toEqual([]);
  });
});

describe("a data point", () => {
  const paths = { image: join(dir, "image.nii.gz"), mask: join(dir, "mask.nii.gz") };
  const shape = [2, 3, 2] as const;
  writeNifti(paths.image, { data: Float32Array.from({ length: 12 }, (_, i) => i), shape, affine: AFFINE });
  writeNifti(paths.mask, { data: new Uint8Array(12).fill(1), shape, affine: AFFINE, dtype: "uint8" });

  it("reads images and masks by their paths", () => {
    using point = new DataPoint({ ...who, image: paths.image });
    point.addImage("other", paths.image);
    point.addMask("seg", paths.mask);
    expect([...point.images].map(([name, { kind }]) => [name, kind])).toEqual([
      ["image", "scalar"],
      ["other", "scalar"],
      ["seg", "label"],
    ]);
    expect([point.shape, point.spatialShape, point.spacing]).toEqual([
      [1, 2, 3, 2],
      [2, 3, 2],
      [2, 3, 1.5],
    ]);
    expect(Array.from(point.affine)).toEqual(AFFINE);
  });
  it("has one spacing and one affine, to a thousandth", () => {
    const zoomed = (zoom: number): number[] => AFFINE.with(0, zoom);
    using near = new DataPoint({ ...who, image: image(), images: { other: image(undefined, zoomed(2.001)) } });
    expect([near.spacing, Array.from(near.affine)]).toEqual([[2, 3, 1.5], AFFINE]);
    using far = new DataPoint({ ...who, image: image(), images: { other: image(undefined, zoomed(2.01)) } });
    expect(() => far.spacing).toThrow(/'image' has the spacing \[2, 3, 1\.5\], 'other' has \[2\.01, 3, 1\.5\]/);
    expect(() => far.affine).toThrow(ImageError);
  });
  it("says what it has instead of what it lacks, and keeps images and fields apart", () => {
    using point = new DataPoint({ ...who, image: image(), fields: { age: 60 } });
    expect(() => point.getImageTensor("age")).toThrow(/there is no image 'age'. There are: image/);
    expect(() => point.removeImage("age")).toThrow(FieldError);
    expect(() => point.getField("sex")).toThrow(/there is no field 'sex'. There are: image, .*age/);
    expect(() => point.setField("image", 1)).toThrow(/'image' is an image/);
    const mask = new LabelMap(torch.zeros([1, 2, 3, 2]), AFFINE);
    expect(() => point.addMask("age", mask)).toThrow(/'age' is already a field/);
    mask.dispose();
  });
  it("refuses options that it does not know", () => {
    expect(String(refusal((own) => new DataPoint({ ...who, image: own, age: 60 } as never)))).toMatch(/'age'/);
    const error = refusal((own) => new Sample({ ...who, image: own, sampleType: "patch" } as never));
    expect(String(error)).toMatch(/Sample: unknown option 'sampleType'/);
  });
});
