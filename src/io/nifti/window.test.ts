import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import * as torch from "../../torch/index.ts";
import { ImageError } from "../../utils/exceptions.ts";
import { NiftiContent } from "./content.ts";
import { readNiftiLabelTensor, readNiftiTensor, type Window, writeNifti } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "nifti-window-"));
afterAll(() => rmSync(folder, { recursive: true }));
const affine = [2, 0.5, 0, -10, 0, 3, 0, 5, 0, 0, -1.5, 7, 0, 0, 0, 1];
const shape = [21, 6, 70] as const;
const data = Float32Array.from({ length: 2 * 21 * 6 * 70 }, (_, i) => (i * 7919) % 10007);
for (const name of ["plain.nii", "packed.nii.gz"]) {
  writeNifti(join(folder, name), { data, shape, channels: 2, affine, dtype: "int16" });
}

const WINDOWS: Window[] = [
  { start: [0, 0, 0], size: [21, 6, 70] },
  { start: [3, 2, 5], size: [7, 3, 11] },
  { start: [20, 5, 69], size: [1, 1, 1] },
  { start: [0, 0, 30], size: [21, 6, 40] },
  { start: [17, 0, 1], size: [4, 6, 69] },
];

it.each(["plain.nii", "packed.nii.gz"])("gives the part of the whole, and where it is: %s", (name) => {
  const before = torch.memory.live().tensors;
  {
    using _ = torch.scope();
    const path = join(folder, name);
    for (const read of [readNiftiTensor, readNiftiLabelTensor]) {
      const whole = read(path).tensor;
      for (const window of WINDOWS) {
        const { tensor, shape: size, affine: place, channels } = read(path, { window });
        const { start } = window;
        let expected = whole;
        start.forEach((first, i) => {
          expected = expected.narrow(i + 1, first, window.size[i] ?? 0);
        });
        expect([channels, ...size]).toEqual(tensor.shape);
        expect(tensor.dtype).toBe(whole.dtype);
        expect(tensor.toArray()).toEqual(expected.toArray());
        const at = (row: number): number =>
          [0, 1, 2].reduce((sum, i) => sum + (affine[row * 4 + i] ?? 0) * (start[i] ?? 0), affine[row * 4 + 3] ?? 0);
        expect([0, 1, 2].map((row) => place[row * 4 + 3])).toEqual([at(0), at(1), at(2)]);
      }
    }
  }
  expect(torch.memory.live().tensors).toBe(before);
});

it("reads of a plain file the rows of the window only", () => {
  using content = new NiftiContent(join(folder, "plain.nii"), { start: [1, 2, 60], size: [4, 3, 10] });
  const parts: number[] = [];
  content.forEachSlab(({ bytes, planes }) => {
    if (!(bytes instanceof Uint8Array)) throw new Error("a plain file is read into bytes");
    expect(bytes.length).toBeLessThanOrEqual(21 * 3 * 2 * planes);
    parts.push(planes);
  }, 1);
  expect(parts).toEqual([10, 10]);
});

it("of 3 GB is read with the memory of the window", () => {
  const path = join(folder, "large.nii");
  // 1000×1000×1500 voxels of int16 that no one wrote: the file system keeps no byte of them
  const header = Buffer.alloc(352);
  header.writeInt32LE(348, 0);
  [3, 1000, 1000, 1500, 1, 1, 1, 1].forEach((n, i) => {
    header.writeInt16LE(n, 40 + 2 * i);
  });
  header.writeInt16LE(4, 70);
  for (const at of [76, 80, 84, 88]) header.writeFloatLE(1, at);
  header.writeFloatLE(352, 108);
  header.write("n+1\0", 344, "latin1");
  writeFileSync(path, header);
  truncateSync(path, 352 + 3e9);
  torch.memory.resetPeakMemoryStats();
  const before = torch.memory.live().bytes;
  using _ = torch.scope();
  const { tensor } = readNiftiTensor(path, { window: { start: [900, 900, 1400], size: [64, 64, 64] } });
  expect(tensor.shape).toEqual([1, 64, 64, 64]);
  expect(tensor.abs().max().item()).toBe(0);
  expect(torch.memory.maxMemoryAllocated() - before).toBeLessThan(8 * 2 ** 20);
});

it("must lie in the image", () => {
  const path = join(folder, "plain.nii");
  for (const window of [
    { start: [0, 0, 0], size: [22, 1, 1] },
    { start: [-1, 0, 0], size: [1, 1, 1] },
    { start: [0, 6, 0], size: [1, 1, 1] },
    { start: [0, 0, 0], size: [1, 1, 0] },
  ] as Window[]) {
    expect(() => readNiftiTensor(path, { window })).toThrow(ImageError);
    expect(() => readNiftiTensor(path, { window })).toThrow(
      /plain\.nii has 21×6×70 voxels; the window of .* does not lie/,
    );
  }
  // @ts-expect-error: misspelt
  expect(() => readNiftiTensor(path, { windw: null })).toThrow(/windw/);
  // @ts-expect-error: two sizes
  expect(() => readNiftiTensor(path, { window: { start: [0, 0], size: [1, 1] } })).toThrow(/window/);
});
