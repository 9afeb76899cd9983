import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import { openSource } from "./byte-source.ts";
import {
  DamagedTensorFileError,
  float,
  load,
  loadSafetensors,
  NotSerializableError,
  RefusedGlobalError,
  save,
  saveSafetensors,
  serialize,
  TensorFileError,
  TensorFileFormatError,
  tuple,
} from "./index.ts";
import { ZipReader } from "./zip-reader.ts";
import { ZipWriter } from "./zip-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "serialization-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

describe("save", () => {
  it("writes PyTorch's records, aligned to 64 bytes", () => {
    using t = torch.ones([3]);
    save({ t }, at("stem.pt"));
    const bytes = readFileSync(at("stem.pt"));
    using source = openSource(bytes);
    const zip = new ZipReader(source);
    expect(zip.names()).toEqual([
      "stem/data.pkl",
      "stem/byteorder",
      "stem/data/0",
      "stem/version",
      "stem/.data/serialization_id",
    ]);
    expect(new TextDecoder().decode(zip.read("stem/version"))).toBe("3\n");
    expect(new TextDecoder().decode(zip.read("stem/.data/serialization_id"))).toMatch(/^\d{40}$/);
    const data = Buffer.from(Float32Array.of(1, 1, 1).buffer);
    expect(bytes.indexOf(data) % 64).toBe(0);
  });

  it("gives equal bytes for equal values", () => {
    using a = torch.ones([3]);
    using b = torch.ones([3]);
    expect(Buffer.concat(serialize({ a }))).toEqual(Buffer.concat(serialize({ a: b })));
  });

  it("leaves the old file and nothing else when it fails", () => {
    mkdtempSync(at("atomic-"));
    const own = mkdtempSync(at("own-"));
    save({ a: 1 }, join(own, "x.pt"));
    expect(() => save({ a: () => 1 }, join(own, "x.pt"))).toThrow(NotSerializableError);
    expect(load(join(own, "x.pt"))).toEqual({ a: 1 });
    expect(readdirSync(own)).toEqual(["x.pt"]);
  });

  it("saves the used part of a storage only", () => {
    using big = torch.zeros([100_000]);
    using part = big.narrow(0, 50, 4);
    save({ part }, at("part.pt"));
    expect(statSync(at("part.pt")).size).toBeLessThan(3000);
    using back = (load(at("part.pt")) as { part: Tensor }).part;
    expect(back.shape).toEqual([4]);
  });

  it("names the place of what cannot be saved", () => {
    expect(() => serialize({ a: [1, { b: new Date() }] })).toThrow(/class Date at 'a\.1\.b'/);
    expect(() => serialize({ a: undefined })).toThrow(/undefined at 'a'/);
  });

  it("keeps identity, and cycles", () => {
    const inner: unknown[] = [1];
    const outer: Record<string, unknown> = { one: inner, two: inner };
    outer.self = outer;
    const back = load(save(outer)) as Record<string, unknown>;
    expect(back.one).toBe(back.two);
    expect(back.self).toBe(back);
  });

  it("does not let a key become a prototype", () => {
    const value = JSON.parse('{"__proto__": {"polluted": true}}');
    const back = load(save(value)) as object;
    expect(Object.keys(back)).toEqual(["__proto__"]);
    expect((back as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("has markers for tuples and floats", () => {
    expect(load(save([tuple([1, tuple([])]), float(2)]))).toEqual([[1, []], 2]);
  });

  it("derives the versions of a state dict's modules", () => {
    using _scope = torch.scope();
    const state = new Map([["net.bn.num_batches_tracked", torch.tensor(1, { dtype: "int64" })]]);
    const back = load(save(state)) as { _metadata?: Map<string, unknown> };
    expect(back._metadata).toEqual(
      new Map([
        ["", { version: 1 }],
        ["net", { version: 1 }],
        ["net.bn", { version: 2 }],
      ]),
    );
  });
});

describe("a damaged file", () => {
  using t = torch.arange(1000, { dtype: "float32" });
  const whole = save({ t, text: "x" });

  it("is told from a whole one wherever it was cut, and leaves no tensor", () => {
    const live = torch.memory.live().tensors;
    for (let size = 0; size < whole.byteLength; size += 97) {
      expect(() => load(whole.subarray(0, size))).toThrow(TensorFileError);
    }
    expect(torch.memory.live().tensors).toBe(live);
  });

  it("is told by its checksum", () => {
    const bytes = whole.slice();
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(at("flipped.pt"), bytes);
    expect(() => load(at("flipped.pt"))).toThrow(DamagedTensorFileError);
    expect(() => load(at("flipped.pt"))).toThrow(/flipped\.pt: .*checksum of 'archive\/data\/0'/);
  });

  it("is empty, of another kind, or not there", () => {
    writeFileSync(at("empty.pt"), "");
    writeFileSync(at("text.pt"), "hello, this is no zip at all");
    expect(() => load(at("empty.pt"))).toThrow(DamagedTensorFileError);
    expect(() => load(at("text.pt"))).toThrow(TensorFileFormatError);
    expect(() => load(at("absent.pt"))).toThrow(/absent\.pt: .*ENOENT/);
    expect(() => load(folder)).toThrow(/not a file/);
  });

  it("cannot name a function", () => {
    const zip = new ZipWriter();
    const pickled = new TextEncoder().encode("\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R.".replace("\x80", ""));
    const chunks = [...zip.add("a/data.pkl", Uint8Array.of(0x80, ...pickled)), ...zip.finish()];
    expect(() => load(new Uint8Array(Buffer.concat(chunks)))).toThrow(RefusedGlobalError);
  });

  it("cannot have a tensor reach beyond its storage", () => {
    using small = torch.zeros([4]);
    const bytes = Buffer.from(save({ small }));
    // the shape (4,) of the pickle becomes (5,); its checksum is put right
    const zip = new ZipReader(openSource(bytes));
    const pickled = zip.read("archive/data.pkl").slice();
    pickled[Buffer.from(pickled).lastIndexOf(Buffer.from("(K\x04t", "latin1")) + 2] = 5;
    const writer = new ZipWriter();
    const chunks = [
      ...writer.add("a/data.pkl", pickled),
      ...writer.add("a/data/0", zip.read("archive/data/0")),
      ...writer.finish(),
    ];
    expect(() => load(new Uint8Array(Buffer.concat(chunks)))).toThrow(/larger than its storage/);
  });
});

describe("safetensors", () => {
  it("passes both ways", () => {
    const before = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      const tensors = new Map([
        ["flag", torch.tensor([true, false])],
        ["weight", torch.arange(6, { dtype: "float32" }).reshape([2, 3]).t()],
        ["half", torch.ones([2], { dtype: "bfloat16" })],
      ]);
      saveSafetensors(tensors, at("x.safetensors"), { metadata: { format: "pt" } });
      const back = loadSafetensors(at("x.safetensors"));
      expect(back.metadata).toEqual({ format: "pt" });
      expect(back.tensors.get("weight")?.toArray()).toEqual([
        [0, 3],
        [1, 4],
        [2, 5],
      ]);
      expect(back.tensors.get("flag")?.toArray()).toEqual([true, false]);
      expect(back.tensors.get("half")?.dtype).toBe("bfloat16");
      const bytes = readFileSync(at("x.safetensors"));
      expect(() => loadSafetensors(bytes.subarray(0, bytes.length - 1))).toThrow(DamagedTensorFileError);
      expect(() => loadSafetensors(new TextEncoder().encode("not safetensors"))).toThrow(TensorFileFormatError);
    }
    expect(torch.memory.live().tensors).toBe(before);
  });
});
