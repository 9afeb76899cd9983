import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Tensor } from "../../../torch/index.ts";
import * as torch from "../../../torch/index.ts";
import type { Region } from "../../../transforms/index.ts";
import { say } from "../../../utils/output.ts";
import { forgetWarnings, receiveWarnings } from "../../../utils/warnings.ts";
import { DiskCache } from "./disk-cache.ts";
import { clearEntries, listEntries, removeAbandoned } from "./folder.ts";
import { EntryReader } from "./read-entry.ts";
import { entryBytes } from "./write-entry.ts";

let folder: string;
let warnings: string[];
let live: ReturnType<typeof torch.memory.live>;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "clinicadl disk-")), "a folder");
  warnings = [];
  receiveWarnings((message) => void warnings.push(message));
  live = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live()).toEqual(live);
  rmSync(join(folder, ".."), { recursive: true });
  receiveWarnings((message) => say(`Warning: ${message}`));
  forgetWarnings();
});

const put = (cache: DiskCache, key: string, tensors: readonly Tensor[], images = tensors.length): boolean =>
  cache.put(key, { description: `of ${key}`, source: "/data/image.nii.gz", tensors, images });
const everything = (): null => null;
const numbers = (shape: readonly number[], dtype: torch.DType): Tensor => {
  const n = shape.reduce((product, size) => product * size, 1);
  const values = torch.arange(n, { dtype: "float64" });
  if (dtype === "bool") return values.remainder(3).eq(0).view(shape);
  return (torch.isFloatingPoint(dtype) ? values.mul(0.7311).sin() : values.remainder(251)).view(shape).to({ dtype });
};

const entry = (): string => join(folder, "a.entry");

describe("an entry", () => {
  it.each([
    ["float32", [1, 70, 33, 40]],
    ["float32", [2, 5, 1, 64]],
    ["float64", [1, 34, 3, 35]],
    ["int16", [1, 40, 41, 42]],
    ["uint8", [3, 33, 32, 31]],
    ["bool", [1, 4, 5, 6]],
    ["int64", [7]],
    ["float32", []],
    ["float32", [0, 3]],
    ["complex128", [3, 2]],
  ] as const)("of %s %j is what was put in", (dtype, shape) => {
    using _scope = torch.scope();
    const cache = new DiskCache(folder, null);
    const given =
      dtype === "complex128"
        ? torch.complex(numbers(shape, "float64"), numbers(shape, "float64"))
        : numbers(shape, dtype);
    expect(cache.get("a", everything)).toBeNull();
    expect(put(cache, "a", [given])).toBe(true);
    const found = cache.get("a", everything);
    expect(found?.description).toBe("of a");
    expect(found?.tensors.map((tensor) => [tensor.dtype, tensor.shape])).toEqual([[dtype, [...shape]]]);
    expect(found?.tensors[0]?.toBytes()).toEqual(given.toBytes());
    expect(warnings).toEqual([]);
  });

  it.each([
    ["within a chunk", { start: [1, 2, 3], size: [4, 5, 6] }],
    ["over chunks", { start: [20, 0, 31], size: [40, 33, 9] }],
    ["a slice", { start: [0, 32, 0], size: [70, 1, 40] }],
    ["one voxel", { start: [69, 32, 39], size: [1, 1, 1] }],
    ["all", { start: [0, 0, 0], size: [70, 33, 40] }],
  ] satisfies [string, Region][])("gives a region: %s", (_, region) => {
    using _scope = torch.scope();
    const cache = new DiskCache(folder, null);
    const image = numbers([2, 70, 33, 40], "float32");
    const mask = numbers([1, 70, 33, 40], "uint8");
    const other = numbers([9, 3], "float32");
    put(cache, "a", [image, mask, other], 2);
    expect(cache.shapeOf("a")).toEqual([70, 33, 40]);
    const found = cache.get("a", () => region);
    expect(found?.whole).toEqual([70, 33, 40]);
    const cut = (tensor: Tensor): Tensor =>
      [0, 1, 2].reduce((part, axis) => part.narrow(axis + 1, region.start[axis] ?? 0, region.size[axis] ?? 0), tensor);
    expect(found?.tensors.map((tensor) => tensor.toBytes())).toEqual(
      [cut(image), cut(mask), other].map((t) => t.toBytes()),
    );
  });

  it("of images of several sizes is given whole", () => {
    using _scope = torch.scope();
    const cache = new DiskCache(folder, null);
    put(cache, "a", [numbers([1, 4, 5, 6], "uint8"), numbers([1, 4, 5, 7], "uint8")]);
    expect(cache.shapeOf("a")).toBeNull();
    const found = cache.get("a", () => ({ start: [0, 0, 0], size: [1, 1, 1] }));
    expect(found?.whole).toBeNull();
    expect(found?.tensors.map((tensor) => tensor.shape)).toEqual([
      [1, 4, 5, 6],
      [1, 4, 5, 7],
    ]);
  });

  it("takes less room than its voxels where these are few values", () => {
    using _scope = torch.scope();
    put(new DiskCache(folder, null), "a", [torch.zeros([1, 64, 64, 64])]);
    expect(statSync(entry()).size).toBeLessThan(64 ** 3);
  });
});

describe("a damaged entry", () => {
  it.each<[string, (file: string) => void]>([
    ["no end", (file) => truncateSync(file, statSync(file).size - 1)],
    ["nothing", (file) => truncateSync(file, 0)],
    ["its first bytes only", (file) => truncateSync(file, 25)],
    ["more than it had", (file) => writeFileSync(file, "x", { flag: "a" })],
    ["something else", (file) => writeFileSync(file, "not an entry".repeat(10))],
  ])("is found, deleted and made again: %s", (_, change) => {
    using _scope = torch.scope();
    const cache = new DiskCache(folder, null);
    const image = numbers([1, 8, 9, 10], "float32");
    put(cache, "a", [image]);
    change(entry());
    expect(cache.get("a", everything)).toBeNull();
    expect(warnings).toEqual([expect.stringMatching(/a\.entry is damaged: .*made again/)]);
    expect(readdirSync(folder)).toEqual([]);
    expect(put(cache, "a", [image])).toBe(true);
    expect(cache.get("a", everything)?.tensors[0]?.toBytes()).toEqual(image.toBytes());
  });

  it.each([0x01, 0x04, 0x10, 0x80])("is never taken for another image, whichever bit %i is turned", (bit) => {
    using _scope = torch.scope();
    const cache = new DiskCache(folder, null);
    const image = numbers([1, 5, 6, 7], "float32");
    put(cache, "a", [image]);
    const intact = readFileSync(entry());
    for (const place of intact.keys()) {
      const bytes = Buffer.from(intact);
      bytes.writeUInt8(intact.readUInt8(place) ^ bit, place);
      writeFileSync(entry(), bytes);
      expect(cache.get("a", everything)).toBeNull();
    }
    expect(warnings).toHaveLength(intact.length);
  });
});

describe.each(torch.decoding.chunkPackers())("chunks packed with %s", (packer) => {
  it.each([
    ["float32", false],
    ["float64", true],
    ["int16", true],
    ["uint8", false],
  ] as const)("of %s are what was put in, noise or not", (dtype, integers) => {
    using _scope = torch.scope();
    const few = torch
      .arange(30 * 31 * 50, { dtype: "float64" })
      .div(900)
      .floor()
      .view([1, 30, 31, 50]);
    const noise = torch.rand([1, 30, 31, 50], { dtype: "float64" });
    const given = torch.cat([few, integers ? noise.mul(100).floor() : noise], 1).to({ dtype });
    mkdirSync(folder);
    writeFileSync(entry(), entryBytes({ description: "", source: "", volumes: 1, packer }, [given]));
    expect(statSync(entry()).size).toBeLessThan(given.numel() * torch.itemSize(dtype));
    using reader = EntryReader.open(entry());
    expect(reader?.header.packer).toBe(packer);
    expect(reader?.tensors(null)[0]?.toBytes()).toEqual(given.toBytes());
    const region = { start: [23, 5, 7], size: [30, 25, 18] } satisfies Region;
    const cut = given.narrow(1, 23, 30).narrow(2, 5, 25).narrow(3, 7, 18);
    expect(reader?.tensors(region)[0]?.toBytes()).toEqual(cut.toBytes());
  });
});

describe("the folder", () => {
  const image = (): Tensor => torch.randint(0, 256, [1, 32, 32, 32], { dtype: "uint8" });
  const one = 33_500;

  it("keeps to its bound: what was not used for longest goes first", () => {
    using _scope = torch.scope();
    const first = new DiskCache(folder, 3 * one);
    for (const key of ["a", "b", "c"]) expect(put(first, key, [image()])).toBe(true);
    const hourAgo = Date.now() / 1000 - 3600;
    ["b", "c", "a"].forEach((key, i) => void utimesSync(join(folder, `${key}.entry`), hourAgo + i, hourAgo + i));
    const later = new DiskCache(folder, 3 * one);
    expect(later.get("b", everything)).not.toBeNull();
    expect(put(later, "d", [image()])).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["a.entry", "b.entry", "d.entry"]);
    expect(put(later, "e", [image()])).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["b.entry", "d.entry", "e.entry"]);
    expect(warnings).toEqual([]);
    // all that is left is in use
    expect(put(later, "f", [image()])).toBe(false);
    expect(put(later, "g", [image()])).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(["b.entry", "d.entry", "e.entry"]);
    expect(warnings).toEqual([expect.stringMatching(/cache .* is full: .*maxBytes/)]);
    expect(later.get("d", everything)).not.toBeNull();
  });

  it("does not keep for years what was used by a clock that was wrong", () => {
    using _scope = torch.scope();
    const first = new DiskCache(folder, 3 * one);
    for (const key of ["a", "b", "c"]) expect(put(first, key, [image()])).toBe(true);
    const inYears = Date.now() / 1000 + 1e8;
    for (const key of ["a", "b"]) utimesSync(join(folder, `${key}.entry`), inYears, inYears);
    const later = new DiskCache(folder, 3 * one);
    expect(later.get("b", everything)).not.toBeNull();
    expect(statSync(join(folder, "b.entry")).mtimeMs).toBeLessThan(inYears * 1000);
    expect(put(later, "d", [image()])).toBe(true);
    expect(readdirSync(folder).sort()).toEqual(["b.entry", "c.entry", "d.entry"]);
    expect(warnings).toEqual([]);
  });

  it("that cannot be written is said once, and is no failure", () => {
    using _scope = torch.scope();
    const file = join(folder, "..", "file");
    writeFileSync(file, "");
    const cache = new DiskCache(join(file, "below"), 1e9);
    expect(put(cache, "a", [image()])).toBe(false);
    expect(put(cache, "b", [image()])).toBe(false);
    expect(warnings).toEqual([expect.stringMatching(/No images are kept in the cache .*ENOTDIR.*cache: \{ disk/)]);
  });

  it("that cannot be read, or an entry of it, is said once, and is no failure", () => {
    using _scope = torch.scope();
    const file = join(folder, "..", "file");
    writeFileSync(file, "");
    const other = new DiskCache(file, 1e9);
    expect([other.get("a", everything), other.get("b", everything), other.shapeOf("a")]).toEqual([null, null, null]);
    expect(warnings).toEqual([expect.stringMatching(/An image of the cache .*file cannot be read: ENOTDIR/)]);
    warnings = [];
    // a folder in the place of an entry: as one that the system cannot read
    for (const key of ["a", "b"]) mkdirSync(join(folder, `${key}.entry`), { recursive: true });
    const cache = new DiskCache(folder, 1e9);
    expect([cache.get("a", everything), cache.get("b", everything)]).toEqual([null, null]);
    expect(warnings).toEqual([expect.stringMatching(/cannot be read: EISDIR.*\(.*a\.entry\).*cache --clear/)]);
  });

  it("is listed and cleared, with what was not finished; who reads an entry goes on", () => {
    using _scope = torch.scope();
    const cache = new DiskCache(folder, null);
    expect([listEntries(folder), clearEntries(folder)]).toEqual([[], []]);
    const given = image();
    put(cache, "a", [given]);
    put(cache, "b", [image()]);
    const unfinished = join(folder, ".tmp-1-0123-c.entry");
    writeFileSync(unfinished, "half");
    expect(listEntries(folder).map((found) => found.path)).toEqual(
      ["a", "b"].map((key) => join(folder, `${key}.entry`)),
    );
    removeAbandoned(folder);
    expect(readdirSync(folder)).toHaveLength(3);
    utimesSync(unfinished, 1, 1);
    removeAbandoned(folder);
    expect(readdirSync(folder)).toHaveLength(2);
    // the voxels are read after the header, by which time the file is gone
    const found = cache.get("a", () => {
      clearEntries(folder);
      return null;
    });
    expect(readdirSync(folder)).toEqual([]);
    expect(found?.tensors[0]?.toBytes()).toEqual(given.toBytes());
  });
});
