import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { ImageError } from "../../utils/exceptions.ts";
import { readNifti, readNiftiHeader, writeNifti } from "./index.ts";

interface Golden {
  name: string;
  file: string;
  dtype: string;
  shape: number[];
  values: number[];
  affine: number[];
}
const golden = JSON.parse(readFileSync(new URL("./golden/nifti.json", import.meta.url), "utf8")) as Golden[];
const folder = mkdtempSync(join(tmpdir(), "nifti-"));
afterAll(() => rmSync(folder, { recursive: true }));

const affine = [2, 0, 0, -10, 0, 3, 0, 5, 0, 0, -1.5, 7, 0, 0, 0, 1];
const ramp = Float32Array.from({ length: 4 * 5 * 6 }, (_, i) => i - 20);

function errorOf(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ImageError);
    return error as Error;
  }
  throw new Error("no error was thrown");
}

describe("readNifti against nibabel", () => {
  it.each(golden.map((g) => [g.name, g] as const))("%s", (name, expected) => {
    const path = join(folder, `${name.replaceAll(/\W/g, "_")}.nii.gz`);
    writeFileSync(path, Buffer.from(expected.file, "base64"));
    const image = readNifti(path);
    const [x = 1, y = 1, z = 1, channels = 1] = expected.shape;
    expect(image.shape).toEqual([x, y, z]);
    expect(image.channels).toBe(channels);
    expect(image.dtype).toBe(expected.dtype);
    expect(Array.from(image.data)).toEqual(expected.values.map((v) => v));
    Array.from(image.affine).forEach((value, i) => {
      expect(value).toBeCloseTo(expected.affine[i] as number, 12);
    });
    expect(readNiftiHeader(path).shape).toEqual(image.shape);
  });
});

describe("writeNifti", () => {
  it.each(["a.nii", "a.nii.gz"])("gives back what was written: %s", (name) => {
    const path = join(folder, name);
    writeNifti(path, { data: ramp, shape: [4, 5, 6], affine });
    const image = readNifti(path);
    expect(image.data).toEqual(ramp);
    expect(Array.from(image.affine)).toEqual(affine);
    writeNifti(path, { data: ramp, shape: [4, 5, 6], affine, dtype: "int16" });
    expect(readNifti(path)).toMatchObject({ data: ramp, dtype: "int16" });
    writeNifti(path, { data: ramp, shape: [2, 5, 6], channels: 2, affine });
    expect(readNifti(path)).toMatchObject({ data: ramp, channels: 2, shape: [2, 5, 6] });
  });

  it("refuses what does not fit", () => {
    expect(
      errorOf(() => writeNifti(join(folder, "b.nii"), { data: ramp, shape: [4, 5, 6], affine, dtype: "uint8" }))
        .message,
    ).toMatch(/b\.nii: the value -20 does not fit uint8/);
    expect(errorOf(() => writeNifti(join(folder, "b.nii"), { data: ramp, shape: [4, 5, 7], affine })).message).toMatch(
      /140 values, got 120/,
    );
  });
});

describe("bad images", () => {
  const whole = join(folder, "whole.nii.gz");
  writeNifti(whole, { data: Float32Array.from({ length: 40 ** 3 }, Math.random), shape: [40, 40, 40], affine });

  it("names a truncated .nii.gz, with the bytes expected and got", () => {
    const path = join(folder, "truncated.nii.gz");
    const bytes = readFileSync(whole);
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
    const { message } = errorOf(() => readNifti(path));
    expect(message).toContain(path);
    expect(message).toMatch(/256352 bytes expected after unpacking, got \d+/);
  });
  it("names one of which nearly nothing is left", () => {
    const path = join(folder, "stub.nii.gz");
    writeFileSync(path, readFileSync(whole).subarray(0, 30));
    expect(errorOf(() => readNifti(path)).message).toContain(path);
  });
  it("names a damaged one", () => {
    const path = join(folder, "damaged.nii.gz");
    const bytes = readFileSync(whole);
    bytes.fill(0xff, 1000, 1200);
    writeFileSync(path, bytes);
    expect(errorOf(() => readNifti(path)).message).toContain(path);
  });
  it("names a truncated .nii", () => {
    const path = join(folder, "truncated.nii");
    writeFileSync(path, gunzipSync(readFileSync(whole)).subarray(0, 100352));
    expect(errorOf(() => readNifti(path)).message).toMatch(
      /truncated\.nii is truncated: 40×40×40 voxels of float32 need 256000 bytes, got 100000/,
    );
  });
  it("names what is not NIfTI, packed or not", () => {
    for (const content of ["hello, this is a text", gzipSync("hello, this is a text"), "", "<html>".repeat(200)]) {
      const path = join(folder, "text.nii.gz");
      writeFileSync(path, content);
      expect(errorOf(() => readNifti(path)).message).toMatch(/text\.nii\.gz is not a NIfTI image/);
    }
  });
  it("names a missing one", () => {
    expect(errorOf(() => readNifti(join(folder, "none.nii.gz"))).message).toMatch(
      /Cannot read the image .*none\.nii\.gz: there is no such file/,
    );
  });
});
