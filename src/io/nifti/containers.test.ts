import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { readNifti, readNiftiHeader, readNiftiLabelTensor, readNiftiTensor } from "./index.ts";

interface Golden {
  name: string;
  /** By name, packed once more. */
  files: Record<string, string>;
  open: string;
  dtype: string;
  /** Channels first. */
  shape: [number, number, number, number];
  values: number[];
  affine: number[];
}
const golden = JSON.parse(readFileSync(new URL("./golden/containers.json", import.meta.url), "utf8")) as Golden[];
const folder = mkdtempSync(join(tmpdir(), "containers-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The files of a case, in a folder of their own. @returns the one to open. */
function write({ name, files, open }: Golden): string {
  const own = join(folder, name.replaceAll(/\W/g, "_"));
  mkdirSync(own, { recursive: true });
  for (const [file, bytes] of Object.entries(files)) {
    writeFileSync(join(own, file), gunzipSync(Buffer.from(bytes, "base64")));
  }
  return join(own, open);
}
const named = (name: string): Golden => golden.find((one) => one.name === name) as Golden;

describe("every type, byte order and kind of file, against nibabel", () => {
  it.each(golden.map((one) => [one.name, one] as const))("%s", (_name, one) => {
    const path = write(one);
    const image = readNifti(path);
    const [channels, ...shape] = one.shape;
    expect([image.channels, ...image.shape]).toEqual([channels, ...shape]);
    expect(image.dtype).toBe(one.dtype);
    expect(Array.from(image.data)).toEqual(one.values);
    // nibabel computes MGH's affine in float32: a unit in the last place of an offset of 16 to 32 mm is 1.9e-6, and it rounds twice
    Array.from(image.affine).forEach((value, i) => {
      expect(Math.abs(value - (one.affine[i] as number))).toBeLessThanOrEqual(4e-6);
    });
    expect(readNiftiHeader(path).byteLength).toBeGreaterThan(0);
  });

  it("as tensors: the same values, and nothing is left", () => {
    const before = torch.memory.live().tensors;
    {
      using _ = torch.scope();
      for (const one of golden.filter(({ name }) => /int32|uint8/.test(name))) {
        const path = write(one);
        for (const read of [readNiftiTensor, readNiftiLabelTensor]) {
          const { tensor } = read(path);
          expect(tensor.shape).toEqual(one.shape);
          expect(Array.from(tensor.toTypedArray(), Number)).toEqual(one.values);
        }
      }
    }
    expect(torch.memory.live().tensors).toBe(before);
  });
});

describe("pairs", () => {
  const one = named("a pair whose voxels begin later");
  it("are found by either name; a missing half is named", () => {
    const header = write(one);
    const voxels = join(header, "..", "x.img");
    expect(readNifti(voxels).data).toEqual(readNifti(header).data);
    renameSync(voxels, join(header, "..", "y.img"));
    expect(() => readNifti(header)).toThrow(/Cannot read the image .*x\.img: there is no such file/);
    expect(() => readNifti(join(header, "..", "y.img"))).toThrow(
      /y\.img holds the voxels of a \.hdr\/\.img pair, and there is no header beside it: .*y\.hdr does not exist/,
    );
    expect(() => readNifti(voxels)).toThrow(/Cannot read the image .*x\.img: there is no such file/);
    renameSync(header, join(header, "..", "x.nii"));
    expect(() => readNifti(join(header, "..", "x.nii"))).toThrow(/x\.nii is the header of a .* but is not named so/);
  });
  it("may have one half packed", () => {
    const header = write(named("a pair that is scaled")).replace(".img", ".hdr");
    const { data } = readNifti(header);
    const voxels = header.replace(".hdr", ".img");
    writeFileSync(`${voxels}.gz`, gzipSync(readFileSync(voxels)));
    rmSync(voxels);
    expect(readNifti(header).data).toEqual(data);
    expect(readNifti(`${voxels}.gz`).data).toEqual(data);
  });
  it("with voxels that are truncated, or begin before the file, are refused", () => {
    const header = write(one);
    writeFileSync(join(header, "..", "x.img"), Buffer.alloc(40));
    expect(() => readNifti(header)).toThrow(/x\.img is truncated: 2×3×2 voxels of int16 need 24 bytes, got 8/);
    const bytes = readFileSync(header);
    bytes.writeFloatLE(-16, 108);
    writeFileSync(header, bytes);
    expect(() => readNifti(header)).toThrow(/x\.hdr has vox_offset -16: the voxels of a pair begin at byte 0 or later/);
  });
  it("of Analyze are refused, since they do not say where left is", () => {
    const header = write(one);
    const bytes = readFileSync(header);
    bytes.fill(0, 344, 348);
    writeFileSync(header, bytes);
    expect(() => readNifti(header)).toThrow(/x\.hdr seems to be an Analyze image .* where left and right are/);
  });
});

it("takes FreeSurfer's files without coordinates as FreeSurfer does: x to the left, y down, z forward", () => {
  // nibabel has y up and z backward
  const path = write(named("int16 mgh 3D"));
  const bytes = readFileSync(path);
  bytes.writeInt16BE(0, 28);
  writeFileSync(path, bytes);
  expect(Array.from(readNifti(path).affine)).toEqual([-1, 0, 0, 1, 0, 0, 1, -1, 0, -1, 0, 1.5, 0, 0, 0, 1]);
});

describe("FreeSurfer's files that are wrong", () => {
  const whole = (): string => write(named("int16 mgh 3D"));
  const message = (change: (bytes: Buffer) => void): string => {
    const path = whole();
    const bytes = readFileSync(path);
    change(bytes);
    writeFileSync(path, bytes);
    try {
      readNifti(path);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  it.each<[string, RegExp, (bytes: Buffer) => void]>([
    ["a size of 0", /x\.mgh: height, a number of voxels, is 0/, (b) => b.writeInt32BE(0, 8)],
    ["a negative size", /x\.mgh: nframes, a number of voxels, is -1/, (b) => b.writeInt32BE(-1, 16)],
    ["sizes beyond counting", /impossible dimensions/, (b) => b.fill(0x7f, 4, 20)],
    ["RGB", /x\.mgh holds voxels of type 9 \(RGB\), which cannot be read/, (b) => b.writeInt32BE(9, 20)],
    ["an unknown type", /type 77 \(unknown\)/, (b) => b.writeInt32BE(77, 20)],
    ["NaN for a centre", /not made of numbers/, (b) => b.writeFloatBE(Number.NaN, 78)],
    ["a voxel size of 0", /singular/, (b) => b.writeFloatBE(0, 30)],
    ["more voxels than it holds", /x\.mgh is truncated: 2×300×2 voxels of int16/, (b) => b.writeInt32BE(300, 8)],
  ])("%s", (_what, expected, change) => {
    expect(message(change)).toMatch(expected);
  });
  it("cut within the header", () => {
    const path = whole();
    writeFileSync(path, readFileSync(path).subarray(0, 50));
    expect(() => readNifti(path)).toThrow(/x\.mgh is truncated: its header needs 284 bytes, the file holds 50/);
  });
});
