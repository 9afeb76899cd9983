import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import { latin1 } from "./fixtures/files.ts";
import { DamagedTensorFileError, load, TensorFileFormatError } from "./index.ts";

const path = new URL("golden/legacy.pt", import.meta.url).pathname;

const MAGIC = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
const PROTOCOL = "\x80\x02M\xe9\x03.";
const LITTLE = "\x80\x02}X\x0d\0\0\0little_endian\x88s.";
/** A tensor of `size` elements over the storage "0", which is said to have as many. */
const tensorOf = (size: string, view = "N") =>
  `ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu${size}${view}tQ` +
  `K\0${size}\x85K\x01\x85\x89NtR`;
const KEYS = "\x80\x02]X\x01\0\0\x000a.";
const TWO = "\x02\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40";

const file = (...parts: string[]) => latin1([MAGIC, PROTOCOL, LITTLE, ...parts].join(""));

describe("a file of the format before PyTorch 1.6", () => {
  it("is read", () => {
    using _scope = torch.scope();
    const value = load(file(`\x80\x02${tensorOf("K\x02")}.`, KEYS, TWO)) as torch.Tensor;
    expect(value.toArray()).toEqual([1, 2]);
  });

  it("of PyTorch before 0.4 is read, its text of Python 2 too", () => {
    using _scope = torch.scope();
    const tensor = tensorOf("K\x02").replace("_v2", "").replace("\x89NtR", "tR");
    const value = load(file(`\x80\x02}U\x01w${tensor}s.`, KEYS, TWO)) as Record<string, torch.Tensor>;
    expect(value.w?.toArray()).toEqual([1, 2]);
  });

  it("whose pickle is longer than what is read of it at once is read, from bytes and from a file", () => {
    const text = "x".repeat(300_000);
    // the windows end within each kind of value, wherever that is
    const items = "J\x01\x02\x03\x04G\x3f\xf0\0\0\0\0\0\0M\x01\x02K\x07\x8a\x02\x01\x02X\x01\0\0\0acbuiltins\nset\n)R";
    const bytes = file(`\x80\x02]X\xe0\x93\x04\0${text}a(${items.repeat(30_000)}e.`, "\x80\x02].");
    const wanted = [
      text,
      ...Array.from({ length: 30_000 }, () => [0x04030201, 1, 0x201, 7, 0x201, "a", new Set()]).flat(),
    ];
    expect(load(bytes)).toEqual(wanted);
    const folder = mkdtempSync(join(tmpdir(), "legacy-"));
    try {
      writeFileSync(join(folder, "long.pt"), bytes);
      expect(load(join(folder, "long.pt"))).toEqual(wanted);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const whole = `\x80\x02${tensorOf("K\x02")}.`;
  it.each<[string, Uint8Array, RegExp]>([
    ["cut within its storages", file(whole, KEYS, TWO.slice(0, -1)), /cut short/],
    ["cut before its storages", file(whole, KEYS), /cut short/],
    ["cut before its keys", file(whole), /ends too early/],
    ["with bytes at its end", file(whole, KEYS, TWO, "x"), /1 bytes behind its last storage/],
    ["without the key of a storage", file(whole, "\x80\x02]."), /not those that it tells of/],
    [
      "with a key twice",
      file(whole, "\x80\x02](X\x01\0\0\x000X\x01\0\0\x000e.", TWO, TWO),
      /not those that it tells of/,
    ],
    ["with the key of no storage", file(whole, KEYS.replace("0a", "1a"), TWO), /not those that it tells of/],
    ["with keys that are numbers", file(whole, "\x80\x02]K\0a.", TWO), /not those that it tells of/],
    ["with a storage of another length", file(whole, KEYS, `\x03${TWO.slice(1)}`), /has 3 elements instead of 2/],
    [
      "with a storage larger than itself",
      file(`\x80\x02${tensorOf("J\0\0\0\x40")}.`, KEYS, TWO),
      /larger than the file/,
    ],
    ["that says nothing of its machine", latin1(`${MAGIC}${PROTOCOL}\x80\x02N.`), /on what machine/],
    ["whose protocol names a class", latin1(`${MAGIC}\x80\x02cos\nsystem\n.`), /has no need of/],
  ])("%s is damaged", (_title, bytes, message) => {
    const before = torch.memory.live().tensors;
    expect(() => load(bytes)).toThrow(DamagedTensorFileError);
    expect(() => load(bytes)).toThrow(message);
    expect(torch.memory.live().tensors).toBe(before);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["of another protocol", latin1(`${MAGIC}\x80\x02K\x07.`), /protocol is 7/],
    ["of another byte order", latin1(`${MAGIC}${PROTOCOL}${LITTLE.replace("\x88", "\x89")}`), /byte order/],
    [
      "with a storage that is a part of another",
      file(`\x80\x02${tensorOf("K\x02", "K\x01")}.`, KEYS, TWO),
      /a part of another/,
    ],
  ])("%s is refused by what it is", (_title, bytes, message) => {
    expect(() => load(bytes)).toThrow(TensorFileFormatError);
    expect(() => load(bytes)).toThrow(message);
  });

  it("cannot be mapped into memory, and says so", () => {
    expect(() => load(path, { mmap: true })).toThrow(/cannot be mapped/);
  });

  it("is damaged wherever it is cut", () => {
    const bytes = readFileSync(path);
    for (let length = 0; length < bytes.length; length++) {
      using _scope = torch.scope();
      expect(() => load(bytes.subarray(0, length))).toThrow(/^<bytes>: /);
    }
  });
});
