import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import * as torch from "../index.ts";
import { native } from "../native.ts";
import { load, save, saveSummed, serialize } from "./index.ts";
import { crcOf } from "./parts.ts";

let dir = "";
let live = 0;
beforeEach(() => {
  live = torch.memory.live().tensors;
  dir = mkdtempSync(join(tmpdir(), "write-"));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
  expect(torch.memory.live().tensors).toBe(live);
});

/** Storages below and above the size from which a sum is taken beside the writing, parts of storages, and tensors in other orders. */
function values(): Record<string, torch.Tensor> {
  const large = torch.randn([300, 400]);
  const complex = torch.randn([6], { dtype: "complex64" });
  return {
    large,
    turned: large.t(),
    part: torch.randn([200_000]).narrow(0, 7, 150_000),
    small: torch.arange(5, { dtype: "int64" }),
    none: torch.zeros([0]),
    half: torch.randn([9], { dtype: "bfloat16" }),
    conj: complex.conj(),
    grown: torch.ones([3], { requiresGrad: true }),
  };
}

it("the sum of a file is that of its bytes, which are those without a sum", () => {
  using _scope = torch.scope();
  const value = values();
  const path = join(dir, "model.pt");
  const sum = saveSummed(value, path);
  const bytes = readFileSync(path);
  expect(sum).toEqual({ size: bytes.byteLength, sha256: createHash("sha256").update(bytes).digest("hex") });
  const back = load(path) as Record<string, torch.Tensor>;
  for (const [name, tensor] of Object.entries(value)) {
    expect(back[name]?.resolveConj().toBytes()).toEqual(tensor.resolveConj().toBytes());
  }
  save(value, path);
  expect(readFileSync(path).equals(bytes)).toBe(true);
  expect(Buffer.concat(serialize(value, { name: "model" })).equals(bytes)).toBe(true);
});

it("the memory of a tensor is as it was: it can be resized", () => {
  using tensor = torch.randn([100_000]);
  saveSummed({ tensor }, join(dir, "a.pt"));
  tensor.resize_([200_000]);
  expect(tensor.shape).toEqual([200_000]);
});

it("the checksum of a zip is zlib's, of bytes and of tensors", () => {
  for (const size of [0, 1, 7, 64, 1000, 70_001]) {
    using tensor = torch.randint(0, 256, [size], { dtype: "uint8" });
    const bytes = tensor.toBytes();
    expect([crcOf(bytes), crcOf(tensor)]).toEqual([crc32(bytes), crc32(bytes)]);
  }
});

it("what cannot be written is the system's error, with and without a sum, however much it is", () => {
  const path = join(dir, "read-only");
  writeFileSync(path, "as it was");
  const descriptor = openSync(path, "r");
  try {
    for (const sum of [null, native.makeSum()]) {
      for (const size of [1, 1 << 20]) {
        expect(native.writeBytes(descriptor, new Uint8Array(size), sum)).toBe(constants.errno.EBADF);
      }
    }
  } finally {
    closeSync(descriptor);
  }
  expect(readFileSync(path, "utf8")).toBe("as it was");
});

it("a value that cannot be saved leaves nothing behind", () => {
  using tensor = torch.ones([3]);
  expect(() => saveSummed({ tensor, call: () => 1 }, join(dir, "a.pt"))).toThrow(/function/);
  expect(readdirSync(dir)).toEqual([]);
});
