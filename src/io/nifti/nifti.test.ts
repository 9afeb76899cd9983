import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { ImageError } from "../../utils/exceptions.ts";
import { readNifti, readNiftiHeader, readNiftiLabels, writeNifti } from "./index.ts";

interface Golden {
  name: string;
  file: string;
  dtype: string;
  shape: number[];
  values: number[];
  affine: number[];
}
const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./golden/${name}.json`, import.meta.url), "utf8"));
const golden = read("nifti") as Golden[];
const refused = read("refused") as { name: string; file: string }[];
const integers = read("integers") as { name: string; file: string; values: string[] }[];
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
  it.each(refused.map((g) => [g.name, g] as const))("refuses, as nibabel: %s", (name, { file }) => {
    const path = join(folder, "refused.nii");
    writeFileSync(path, Buffer.from(file, "base64"));
    const field = name.startsWith("vox_offset")
      ? /has vox_offset -?\d+: in a single file .* byte 352/
      : /quatern_b, c, d/;
    expect(errorOf(() => readNifti(path)).message).toMatch(field);
    expect(errorOf(() => readNiftiHeader(path)).message).toContain(path);
  });
  it.each(integers.map((g) => [g.name, g] as const))("integers stay what they are: %s", (name, { file, values }) => {
    const path = join(folder, "integers.nii");
    writeFileSync(path, Buffer.from(file, "base64"));
    expect(Array.from(readNiftiLabels(path).data, String)).toEqual(values);
    if (!name.startsWith("scaled")) expect(Array.from(readNifti(path).data, String)).toEqual(values);
  });
});

describe("headers", () => {
  const path = join(folder, "header.nii");
  writeNifti(path, { data: ramp, shape: [4, 5, 6], affine, dtype: "int16" });
  const whole = readFileSync(path);
  /** The file with some bytes of its header replaced. */
  const patched = (change: (header: DataView) => void): string => {
    const bytes = Buffer.from(whole);
    change(new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
    writeFileSync(path, bytes);
    return path;
  };
  const message = (change: (header: DataView) => void): string => errorOf(() => readNifti(patched(change))).message;

  it("with vox_offset 0 have their voxels at byte 352, and not in the header", () => {
    expect(readNifti(patched((h) => h.setFloat32(108, 0, true))).data).toEqual(ramp);
    expect(
      message((h) => {
        h.setFloat32(108, 0, true);
        h.setUint8(348, 1);
      }),
    ).toMatch(/vox_offset 0: .* after the extensions that it has/);
    const second = join(folder, "second.nii");
    const nifti2 = Buffer.from(golden.find(({ name }) => name === "nifti-2")?.file ?? "", "base64");
    writeFileSync(second, nifti2);
    const { data } = readNifti(second);
    nifti2.writeBigInt64LE(0n, 168);
    writeFileSync(second, nifti2);
    expect(readNifti(second).data).toEqual(data);
    nifti2.writeBigInt64LE(352n, 168);
    writeFileSync(second, nifti2);
    expect(errorOf(() => readNifti(second)).message).toMatch(/vox_offset 352: .* byte 544 or later/);
    expect(message((h) => h.setFloat32(108, Number.NaN, true))).toMatch(/vox_offset NaN/);
    expect(message((h) => h.setFloat32(108, 3e38, true))).toMatch(/vox_offset 3.*e\+38/);
  });
  it("with impossible dimensions are refused, naming the field", () => {
    expect(message((h) => h.setInt16(44, -1, true))).toMatch(/header\.nii: dim\[2\].* is -1/);
    expect(message((h) => h.setInt16(46, 0, true))).toMatch(/dim\[3\].* is 0/);
    expect(message((h) => h.setInt16(40, 0, true))).toMatch(/dim\[0\].* is 0; 1 to 7/);
    expect(message((h) => h.setInt16(40, 8, true))).toMatch(/dim\[0\].* is 8; 1 to 7/);
  });
  it("that claim more voxels than the file can hold are refused before memory is asked for", () => {
    const huge = (h: DataView): void => {
      for (const at of [42, 44, 46]) h.setInt16(at, 32767, true);
    };
    expect(message(huge)).toMatch(/is truncated: 32767×32767×32767 voxels of int16 need 70362\d+ bytes, got 240/);
    const packed = join(folder, "huge.nii.gz");
    writeFileSync(packed, gzipSync(readFileSync(path)));
    expect(errorOf(() => readNifti(packed)).message).toMatch(
      /70362\d+ bytes expected after unpacking, got at most \d+/,
    );
  });
  it("with an affine that is singular or no number are refused, naming the fields", () => {
    expect(
      message((h) => {
        for (const at of [280, 284, 288]) h.setFloat32(at, 0, true);
      }),
    ).toMatch(/srow_x, srow_y, srow_z are 0, 0, 0, -10, .*: its affine is singular/);
    expect(message((h) => h.setFloat32(292, Number.NaN, true))).toMatch(/srow_x.* NaN.*not made of numbers/);
    expect(
      message((h) => {
        h.setInt16(254, 0, true);
        h.setFloat32(80, Number.POSITIVE_INFINITY, true);
      }),
    ).toMatch(/pixdim are Infinity, 3, 1\.5/);
  });
  it("with a slope of 0 or NaN have no scaling; one without a number to add is refused", () => {
    expect(readNifti(patched((h) => h.setFloat32(112, 0, true))).data).toEqual(ramp);
    expect(readNifti(patched((h) => h.setFloat32(112, Number.NaN, true))).data).toEqual(ramp);
    expect(message((h) => h.setFloat32(116, Number.NaN, true))).toMatch(/scl_slope 1 but scl_inter NaN/);
  });
});

describe("labels", () => {
  const path = join(folder, "labels.nii.gz");
  const write = (data: ArrayLike<number> | BigInt64Array, dtype: "float32" | "float64" | "int64"): void =>
    writeNifti(path, { data, shape: [data.length, 1, 1], affine, dtype });

  it("stored as fractions are rounded where they are within 0.1 of an integer, and refused elsewhere", () => {
    write([0, 0.95, 2.09, -0.04, 3], "float32");
    expect(readNiftiLabels(path).data).toEqual(Float32Array.of(0, 1, 2, 0, 3));
    for (const value of [0.5, 1.11, Number.NaN, Number.POSITIVE_INFINITY]) {
      write([0, 1, value], "float32");
      expect(errorOf(() => readNiftiLabels(path)).message).toMatch(
        new RegExp(`labels\\.nii\\.gz holds the value ${value}, which is no label`),
      );
    }
    write([2 ** 40 + 1, 2, 3], "float64");
    expect(readNiftiLabels(path).data).toEqual(Float64Array.of(2 ** 40 + 1, 2, 3));
  });
  it("of 64 bits stay what they are, there and back; in an image they are refused beyond 2^53", () => {
    const values = BigInt64Array.of(2n ** 63n - 1n, -(2n ** 53n) - 1n, 5n);
    write(values, "int64");
    expect(readNiftiLabels(path)).toMatchObject({ data: values, dtype: "int64" });
    expect(errorOf(() => readNifti(path)).message).toMatch(
      /holds the integer 9223372036854775807, which is beyond 2\^53/,
    );
    const raw = gunzipSync(readFileSync(path));
    raw.writeInt16LE(1280, 70); // uint64
    writeFileSync(path, raw);
    expect(errorOf(() => readNiftiLabels(path)).message).toMatch(/holds the label 18437736874454810623/);
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
      expect(errorOf(() => readNifti(path)).message).toMatch(
        content === "" ? /text\.nii\.gz: it is empty \(0 bytes\)/ : /text\.nii\.gz is not a NIfTI image/,
      );
    }
  });
  it("names a missing one", () => {
    expect(errorOf(() => readNifti(join(folder, "none.nii.gz"))).message).toMatch(
      /Cannot read the image .*none\.nii\.gz: there is no such file/,
    );
  });
});
