import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Sample, Sample2D, ScalarImage } from "../../data/structures/index.ts";
import { BidsFileType } from "../../io/bids/index.ts";
import { readNifti, readNiftiLabels } from "../../io/nifti/index.ts";
import * as torch from "../../torch/index.ts";
import { outputOf, writeImage } from "./outputs.ts";

const AFFINE = [2, 0, 0, -10, 0, 3, 0, 5, 0, 0, 1.5, 7, 0, 0, 0, 1];
const of = {
  participantId: "sub-001",
  sessionId: "ses-M000",
  fileType: new BidsFileType({ suffix: "T1w" }),
  imagePath: "",
};
const image = (shape: number[]) => new ScalarImage(torch.zeros(shape), AFFINE);

let dir = "";
let live = torch.memory.live();
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "outputs-"));
  live = torch.memory.live();
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
  expect(torch.memory.live()).toEqual(live);
});

describe("an output", () => {
  const kindOf = (sample: Sample, value: unknown) => {
    sample.setField("out", value);
    return outputOf(sample, "out");
  };

  it("is cells, if it is a number or a text, or several", () => {
    using _scope = torch.scope();
    const sample = new Sample({ ...of, image: image([1, 2, 3, 4]) });
    const cells = (value: unknown) => {
      const output = kindOf(sample, value);
      return output.kind === "cells" ? [output.cells, output.floats] : output.kind;
    };
    expect(cells(torch.tensor([0.1]))).toEqual([[0.1], true]);
    expect(cells(torch.tensor([0.1], { dtype: "float64" }))).toEqual([[0.1], true]);
    expect(cells(torch.tensor([0.1], { dtype: "bfloat16" }))).toEqual([[0.100097656], true]);
    expect(cells(torch.tensor([5, Number.NaN]))).toEqual([[5, Number.NaN], true]);
    expect(cells(torch.tensor([3, 2 ** 53], { dtype: "int64" }))).toEqual([[3, "9007199254740992"], false]);
    expect(cells(torch.tensor([1, 0], { dtype: "uint8" }).to({ dtype: "bool" }))).toEqual([[true, false], false]);
    expect(cells(torch.tensor(7).reshape([]))).toEqual([[7], true]);
    expect(cells("AD")).toEqual([["AD"], false]);
    expect(cells([1, null, undefined, false])).toEqual([[1, null, null, false], false]);
    expect(cells([[1], [2]])).toBe("object");
    expect(cells(torch.zeros([1, 1]))).toBe("object");
    expect(cells(torch.zeros([2], { dtype: "complex64" }))).toBe("object");
  });

  it("is an image, if it has the size of the input", () => {
    using _scope = torch.scope();
    const shapeOf = (sample: Sample, shape: number[]) => {
      const output = kindOf(sample, torch.zeros(shape));
      if (output.kind !== "image") return output.kind;
      expect(Array.from(output.affine)).toEqual(AFFINE);
      return output.tensor.shape;
    };
    const whole = new Sample({ ...of, image: image([1, 2, 3, 4]) });
    expect(shapeOf(whole, [5, 2, 3, 4])).toEqual([5, 2, 3, 4]);
    expect(shapeOf(whole, [2, 3, 4])).toEqual([1, 2, 3, 4]);
    expect(shapeOf(whole, [1, 2, 3, 5])).toBe("object");
    expect(shapeOf(whole, [3, 4])).toBe("object");
    const place = { sampleType: "slice", samplePosition: 7, sliceDirection: 1, squeeze: true } as const;
    const flat = new Sample2D({ ...of, image: image([1, 2, 1, 4]), place });
    expect(shapeOf(flat, [5, 2, 4])).toEqual([5, 2, 1, 4]);
    expect(shapeOf(flat, [2, 4])).toEqual([1, 2, 1, 4]);
    expect(shapeOf(flat, [5, 2, 1, 4])).toEqual([5, 2, 1, 4]);
    expect(shapeOf(flat, [5, 4, 2])).toBe("object");
  });
});

it("is written in the smallest type that holds it, and comes back as it was", () => {
  using _scope = torch.scope();
  const path = join(dir, "a.nii.gz");
  const written = (values: number[], labels: boolean, dtype: torch.DType = "float32") => {
    const tensor = torch.tensor(values, { dtype }).reshape([1, 1, 1, 3]);
    writeImage(path, { kind: "image", tensor, affine: Float64Array.from(AFFINE), labels });
    const { data, dtype: stored } = readNifti(path);
    expect(Array.from(data)).toEqual(values);
    return stored;
  };
  expect(written([0, 1, 255], true)).toBe("uint8");
  expect(written([0, 1, 255], false)).toBe("float32");
  expect(written([0, 1, 1], true, "bool")).toBe("uint8");
  expect(written([-1, 1, 127], true, "int64")).toBe("int8");
  expect(written([-1, 1, 256], true, "int64")).toBe("int16");
  expect(written([0, 1, 40000], true, "int64")).toBe("uint16");
  expect(written([-1, 1, 40000], true, "int64")).toBe("int32");
  expect(written([0, 1, 2 ** 24 + 1], true, "int32")).toBe("int32");
  expect(written([0, 1, 2 ** 32 - 1], true, "int64")).toBe("uint32");
  expect(written([0, 2 ** 40 + 1, 1], true, "int64")).toBe("int64");
  expect(written([0, 2 ** 40 + 1, 1], true, "float64")).toBe("int64");
  expect(written([0, 0.5, 1], true)).toBe("float32");
  expect(written([0, 0.25, 1], true, "float64")).toBe("float64");
  expect(written([0, 0.5, 2 ** 24 + 1], false, "float64")).toBe("float64");
  expect(written([0, 0.5, 1], false, "bfloat16")).toBe("float32");
  // beyond what a number holds
  const tensor = torch.fromTypedArray(BigInt64Array.of(2n ** 53n + 1n, -(2n ** 62n), 1n), [1, 3, 1, 1]);
  writeImage(path, { kind: "image", tensor, affine: Float64Array.from(AFFINE), labels: true });
  expect(readNiftiLabels(path)).toMatchObject({
    dtype: "int64",
    data: BigInt64Array.of(2n ** 53n + 1n, -(2n ** 62n), 1n),
  });
});
