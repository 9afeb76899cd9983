import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Tensor } from "../../../torch/index.ts";
import * as torch from "../../../torch/index.ts";
import type { Region } from "../../../transforms/index.ts";
import { DiskCache } from "./disk-cache.ts";
import { EntryReader } from "./read-entry.ts";

let folder: string;
let live: ReturnType<typeof torch.memory.live>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "clinicadl chunks-"));
  live = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live()).toEqual(live);
  rmSync(folder, { recursive: true });
});

describe("integers that were floats", () => {
  const region = { start: [20, 3, 30], size: [9, 28, 90] } satisfies Region;
  it.each([
    // few values, which pack better together, and interpolated ones, which do in planes
    ["int16", false, (values: Tensor) => values.div(500).floor().sub(100)],
    ["int16", true, (values: Tensor) => values.mul(0.0003).sin().mul(30_000).round()],
    ["uint8", false, (values: Tensor) => values.remainder(256)],
  ] as const)("of %s come as float32, in planes: %s", (stored, planes, make) => {
    using _scope = torch.scope();
    const given = make(torch.arange(2 * 30 * 31 * 130, { dtype: "float64" }).view([2, 30, 31, 130])).to({
      dtype: stored,
    });
    const cache = new DiskCache(folder, null);
    cache.put("a", { description: "", source: "", tensors: [given], images: 1 });
    using reader = EntryReader.open(join(folder, "a.entry"));
    expect(reader?.header.tensors.map((tensor) => [tensor.dtype, tensor.planes])).toEqual([[stored, planes]]);
    const cut = given.narrow(1, 20, 9).narrow(2, 3, 28).narrow(3, 30, 90);
    for (const [wanted, part] of [
      [null, given],
      [region, cut],
    ] as const) {
      const found = cache.get(
        "a",
        () => wanted,
        () => ["float32"],
      );
      expect(found?.tensors[0]?.dtype).toBe("float32");
      expect(found?.tensors[0]?.toBytes()).toEqual(part.to({ dtype: "float32" }).toBytes());
      // what is not converted on the way comes as it is
      expect(
        cache
          .get(
            "a",
            () => wanted,
            () => ["float64"],
          )
          ?.tensors[0]?.toBytes(),
      ).toEqual(part.toBytes());
    }
  });
});

describe("native code", () => {
  it.each([
    ["beyond the end of the source", { start: 1 }, /beyond the end/],
    ["beyond the target", { at: 5 }, /target is too small/],
    ["of other axes", { from: [0, 0, 1] }, /axes do not go together/],
    ["of no size", { count: [0, 1, 4] }, /axes do not go together/],
    ["at no number", { at: Number.NaN }, /none that can be/],
    ["of too many elements", { shape: [2 ** 20, 2 ** 20, 4], count: [1, 1, 4] }, /too many elements/],
  ] as const)("refuses a chunk %s", (_, change, message) => {
    using _scope = torch.scope();
    const chunk = {
      start: 0,
      length: 8,
      checksum: 0,
      shape: [1, 1, 4],
      from: [0, 0, 0],
      count: [1, 1, 4],
      at: 0,
    } as const;
    const [packer = "lz4"] = torch.decoding.chunkPackers();
    const rest = { source: new Uint8Array(8), packer, planes: false, stored: "uint8", targetShape: [1, 1, 8] } as const;
    const target = torch.zeros([1, 1, 1, 8], { dtype: "uint8" });
    expect(() => torch.decoding.chunksInto({ ...rest, target, chunks: [{ ...chunk, ...change }] })).toThrow(message);
  });
});
