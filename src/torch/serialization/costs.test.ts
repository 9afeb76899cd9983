import { describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import type { ByteSource } from "./byte-source.ts";
import { fileOf, latin1, safetensorsOf } from "./fixtures/files.ts";
import {
  DamagedTensorFileError,
  load,
  loadSafetensors,
  NotSerializableError,
  save,
  serialize,
  TensorFileFormatError,
} from "./index.ts";
import { longBytes, longFromBytes } from "./pickle-bytes.ts";
import { readTensor } from "./read-tensor.ts";

describe("a small pickle that could cost much", () => {
  it("reads an integer of 400 KB", () => {
    const digits = new Uint8Array(400_000).fill(0x55);
    const value = load(fileOf(new Uint8Array([0x80, 2, 0x8b, 0x80, 0x1a, 6, 0, ...digits, 0x2e])));
    expect((value as bigint) >> 3_199_992n).toBe(0x55n);
    for (const small of [0n, -1n, 127n, 128n, -128n, -129n, 2n ** 64n, -(10n ** 30n)]) {
      expect(longFromBytes(longBytes(small))).toBe(small);
    }
  });

  it("reads a million nested lists, and refuses to save them with an error of its own", () => {
    const depth = 1_000_000;
    const pickle = new Uint8Array(2 + 2 * depth);
    pickle.set([0x80, 2]);
    pickle.fill(0x5d, 2, 2 + depth);
    pickle.fill(0x61, 2 + depth);
    pickle[pickle.length - 1] = 0x2e;
    let value = load(fileOf(pickle));
    expect(() => serialize(value)).toThrow(NotSerializableError);
    let levels = 0;
    while (Array.isArray(value)) {
      levels++;
      value = value[0];
    }
    expect(levels).toBe(depth);
  });

  it("reads an OrderedDict that is its own _metadata", () => {
    const value = load(
      fileOf(latin1("\x80\x02ccollections\nOrderedDict\n)Rq\x00}X\x09\0\0\0_metadatah\x00sb.")),
    ) as Map<string, unknown> & { _metadata: unknown };
    expect(value._metadata).toBe(value);
  });

  it("does not copy a list again and again", () => {
    const items = "N".repeat(1000);
    for (const [name, call] of [
      ["c__builtin__\nset\n", "h\x00h\x01\x85R0"],
      ["ctorch\nSize\n", "h\x00h\x01\x85R0"],
    ]) {
      const bytes = latin1(`\x80\x02${name}q\x00](${items}eq\x01${call?.repeat(10_000)}0.`);
      expect(() => load(fileOf(bytes))).toThrow(/copied over and over/);
    }
  });

  it("refuses a numpy array of a dtype that is not read before it goes through its shape", () => {
    const bytes = latin1(
      "\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0C\x01b\x87R" +
        "(K\x01J\xff\xff\xff\x7f\x85cnumpy\ndtype\nX\x02\0\0\0f0\x85R\x88C\x08\0\0\0\0\0\0\0\0tb.",
    );
    expect(() => load(fileOf(bytes))).toThrow(TensorFileFormatError);
    expect(() => load(fileOf(bytes))).toThrow(/numpy's dtype 'f0'/);
  });

  it("does not take one record for many storages", () => {
    const bytes = Buffer.from(fileOf(latin1("\x80\x02N."), { 0: new Uint8Array(64), 1: new Uint8Array(64) }));
    // in the directory at the end, the second storage is put where the first one is
    const first = bytes.lastIndexOf("a/data/0") - 46;
    const second = bytes.lastIndexOf("a/data/1") - 46;
    bytes.copy(bytes, second + 42, first + 42, first + 46);
    expect(() => load(bytes)).toThrow(DamagedTensorFileError);
    expect(() => load(bytes)).toThrow(/the entry 'a\/data\/\d' lies over 'a\/data\/\d'/);
  });

  it("refuses two entries of one name", () => {
    const bytes = Buffer.from(fileOf(latin1("\x80\x02N."), { 0: new Uint8Array(4), 1: new Uint8Array(4) }));
    bytes[bytes.lastIndexOf("a/data/1") + 7] = 0x30;
    expect(() => load(bytes)).toThrow(DamagedTensorFileError);
  });
});

describe("a safetensors file", () => {
  const u8 = (from: number, to: number) => ({ dtype: "U8", shape: [to - from], data_offsets: [from, to] });

  it.each<[string, unknown, number, RegExp]>([
    ["tensors that overlap", { a: u8(0, 4), b: u8(0, 4) }, 4, /lies over the bytes of another/],
    ["tensors that overlap in part", { a: u8(0, 4), b: u8(2, 6) }, 6, /lies over the bytes of another/],
    ["a hole", { a: u8(0, 4), b: u8(6, 8) }, 8, /2 bytes before 'b'/],
    ["a hole at its start", { a: u8(2, 4) }, 4, /2 bytes before 'a'/],
    ["bytes behind its last tensor", { a: u8(0, 4) }, 5, /last 1 bytes/],
    ["a tensor beyond its end", { a: u8(0, 2 ** 40) }, 4, /cut short/],
    [
      "another size than its shape",
      { a: { dtype: "U8", shape: [3], data_offsets: [0, 4] } },
      4,
      /4 bytes instead of 3/,
    ],
    ["an entry that is null", { a: null }, 0, /not described/],
    ["a type that is an object", { a: { dtype: { toString: 1 }, shape: [], data_offsets: [0, 1] } }, 1, /no type/],
    ["three places", { a: { dtype: "U8", shape: [1], data_offsets: [0, 1, 2] } }, 1, /no place/],
  ])("with %s is damaged", (_title, header, size, message) => {
    const before = torch.memory.live().tensors;
    const bytes = safetensorsOf(header, size);
    expect(() => loadSafetensors(bytes)).toThrow(DamagedTensorFileError);
    expect(() => loadSafetensors(bytes)).toThrow(message);
    expect(torch.memory.live().tensors).toBe(before);
  });

  it.each<[string, unknown, RegExp]>([
    ["a key twice", '{"a":1,"\\u0061":2}', /"a" twice/],
    ["a key of a tensor twice", '{"a":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}', /"dtype" twice/],
    ["metadata that is not text", { __metadata__: { n: 1 } }, /"n" that is not text/],
    ["metadata that is a list", { __metadata__: ["a"] }, /not an object/],
    ["a list as header", "[]", /not an object/],
    ["objects at great depth", `{"a":${'{"a":'.repeat(100_000)}1${"}".repeat(100_001)}`, /not a safetensors file/],
    ["space before its header", " {}", /not an object/],
    ["a byte-order mark", "\ufeff{}", /not JSON/],
  ])("with %s is not of the format", (_title, header, message) => {
    expect(() => loadSafetensors(safetensorsOf(header, 0))).toThrow(TensorFileFormatError);
    expect(() => loadSafetensors(safetensorsOf(header, 0))).toThrow(message);
  });

  it("keeps names like __proto__ and 0, the order of its header, and text that looks like a key", () => {
    using _scope = torch.scope();
    const entry = (at: number) => `{"dtype":"U8","shape":[1],"data_offsets":[${at},${at + 1}]}`;
    const header = `{"b" : ${entry(0)},"__proto__":${entry(1)},"0":${entry(2)},"__metadata__":{"__proto__":"\\"b\\":{"}}`;
    const { tensors, metadata } = loadSafetensors(safetensorsOf(header, 3));
    expect([...tensors.keys()]).toEqual(["b", "__proto__", "0"]);
    expect(Object.entries(metadata)).toEqual([["__proto__", '"b":{']]);
    const again = loadSafetensors(Buffer.concat([...torch.safetensorsChunks(tensors, metadata)]));
    expect([...again.tensors.keys()].sort()).toEqual(["0", "__proto__", "b"]);
    expect(Object.entries(again.metadata)).toEqual([["__proto__", '"b":{']]);
  });

  it("is not written with metadata that is not text", () => {
    expect(() => [...torch.safetensorsChunks(new Map(), { epoch: 3 } as never)]).toThrow(/'epoch' is a number/);
  });
});

describe("options", () => {
  it("that are not known are refused", () => {
    const bytes = save({ a: 1 });
    expect(() => load(bytes, { map_location: "cpu" } as never)).toThrow(/torch\.load: unknown option 'map_location'/);
    expect(() => load(bytes, "cpu" as never)).toThrow(/options are an object/);
    expect(() => loadSafetensors(safetensorsOf({}, 0), { device: "cpu" } as never)).toThrow(/unknown option 'device'/);
    expect(() => torch.saveSafetensors(new Map(), "x", { meta: {} } as never)).toThrow(/unknown option 'meta'/);
    expect(() => serialize(1, { stem: "x" } as never)).toThrow(/unknown option 'stem'/);
    expect(() => (save as (...args: unknown[]) => void)(1, "x", {})).toThrow(/no options/);
  });
});

describe("memory", () => {
  it("a tensor is read in pieces: beside it there are never more than 4 MiB", () => {
    const size = 10 * 2 ** 20 + 8;
    const asked: number[] = [];
    const source: ByteSource = {
      name: "<counted>",
      size,
      read(offset, length) {
        asked.push(length);
        return new Uint8Array(length).fill(offset >> 20);
      },
      [Symbol.dispose]() {},
    };
    using read = readTensor(source, { start: 0, size }, "uint8", [size], "cpu");
    expect(asked).toEqual([2 ** 22, 2 ** 22, 2 ** 21 + 8]);
    const bytes = read.toBytes();
    expect([bytes[0], bytes[2 ** 22], bytes[size - 1]]).toEqual([0, 4, 8]);
  });
});
