import { describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import { fileOf, latin1 } from "./fixtures/files.ts";
import { DamagedTensorFileError, load, NdArray, RefusedGlobalError, save, TensorFileFormatError } from "./index.ts";

const golden = (name: string) => new URL(`golden/${name}`, import.meta.url).pathname;

/** Real and imaginary parts, one after the other. */
const parts = (tensor: Tensor | undefined) => Array.from(tensor?.resolveConj().toTypedArray() ?? [], Number);

describe.each([
  ["written by Python", (value: unknown) => value],
  ["written again here", (value: unknown) => load(save(value))],
])("a file %s", (_title, pass) => {
  it("keeps what is lazily conjugated or negated", () => {
    const before = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      const value = pass(load(golden("lazy.pt"))) as { pair: Tensor[]; alone: Tensor; imag: Tensor };
      expect(parts(value.pair[0])).toEqual([1, 2, 3, -4]);
      expect(parts(value.pair[1])).toEqual([1, -2, 3, 4]);
      expect(value.pair[0]?.storageId()).toBe(value.pair[1]?.storageId());
      expect(parts(value.alone)).toEqual([5, -6]);
      expect(value.imag.dtype).toBe("float32");
      expect(value.imag.resolveNeg().toArray()).toEqual([-8]);
    }
    expect(torch.memory.live().tensors).toBe(before);
  });
});

describe("saving a lazily conjugated tensor", () => {
  it("keeps its numbers, alone and beside its base, also with offset and strides", () => {
    using _scope = torch.scope();
    const flat = torch.fromTypedArray(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [4, 2]);
    const c = torch.ops("aten::view_as_complex", flat) as Tensor;
    const part = c.narrow(0, 1, 2).conj();
    for (const value of [[part], [c, part], [part, c]]) {
      const back = load(save(value)) as Tensor[];
      expect(back.map(parts)).toEqual(value.map(parts));
    }
    expect(parts((load(save([part])) as Tensor[])[0])).toEqual([3, -4, 5, -6]);
    const safe = torch
      .loadSafetensors(Buffer.concat([...torch.safetensorsChunks(new Map([["part", part]]))]))
      .tensors.get("part");
    expect(parts(safe)).toEqual([3, -4, 5, -6]);
  });
});

describe("files that PyTorch writes", () => {
  it("gives tensors with attributes, buffers, and numpy's arrays of every order and width", () => {
    using _scope = torch.scope();
    const value = load(golden("kinds.pt")) as Record<string, unknown>;
    expect((value.buffer as Tensor).toArray()).toEqual([3]);
    const parameter = value.parameter as Tensor;
    expect([parameter.toArray(), parameter.requiresGrad]).toEqual([[1, 2], true]);
    expect(value.bool).toEqual(new NdArray(Uint8Array.of(1, 0), [2]));
    expect(value.flag).toBe(true);
    expect(value.half).toEqual(new NdArray(Float32Array.of(0.5, -2, 2 ** -24, Number.POSITIVE_INFINITY), [4]));
    expect(value.big).toEqual(new NdArray(Float64Array.of(1, 2.5), [2]));
    expect(value.fortran).toEqual(new NdArray(Float64Array.of(0, 1, 2, 3, 4, 5), [2, 3]));
  });

  it("keeps the order of a dict with keys that look like integers", () => {
    using _scope = torch.scope();
    const { digits } = load(golden("kinds.pt")) as { digits: unknown };
    expect(digits).toBeInstanceOf(Map);
    for (const value of [digits, load(save(digits))]) {
      expect([...(value as Map<string, number>)]).toEqual([
        ["b", 1],
        ["10", 2],
        ["9", 3],
      ]);
    }
  });

  it("reads sets of protocol 4", () => {
    using _scope = torch.scope();
    const { t, ...rest } = load(golden("protocol4.pt")) as { t: Tensor };
    expect(t.toArray()).toEqual([1, 1]);
    expect(rest).toEqual({
      set: new Set([1, 2]),
      frozen: new Set(["a"]),
      array: new NdArray(Float64Array.of(0, 1, 2, 3, 4, 5), [2, 3]),
    });
  });

  it.each([
    ["float8", /a tensor of dtype float8_e4m3fn/],
    ["uint16", /a tensor of dtype uint16/],
    ["sparse", /a sparse tensor/],
    ["complex", /a complex number/],
    ["storage", /a storage by itself/],
    ["text", /numpy's dtype 'U1'/],
    ["object", /a numpy array of dtype 'O8'/],
    ["torchscript", /a TorchScript program.*torch\.jit\.load/],
  ])("refuses %s by what it is, with the file's name", (name, message) => {
    const before = torch.memory.live().tensors;
    const path = golden(`refused-${name}.pt`);
    expect(() => load(path)).toThrow(TensorFileFormatError);
    expect(() => load(path)).toThrow(message);
    expect(() => load(path)).toThrow(new RegExp(`refused-${name}\\.pt: `));
    expect(torch.memory.live().tensors).toBe(before);
  });

  it("refuses a real tensor that says it is conjugated, an integer one that says it is negated", () => {
    const file = (storage: string, bit: string) =>
      fileOf(
        latin1(
          `\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n${storage}\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQK\x00))\x89N}X${String.fromCharCode(bit.length)}\0\0\0${bit}\x88stR.`,
        ),
        { 0: new Uint8Array(4) },
      );
    using negated = load(file("FloatStorage", "neg")) as Tensor;
    expect(negated.isNeg()).toBe(true);
    expect(() => load(file("FloatStorage", "conj"))).toThrow(/a tensor of float32 is conjugated/);
    expect(() => load(file("IntStorage", "neg"))).toThrow(/a tensor of int32 is negated/);
  });

  it("refuses a class where a value should be, a mark, and a second value", () => {
    expect(() => load(fileOf(latin1("\x80\x02ccollections\nOrderedDict\n.")))).toThrow(RefusedGlobalError);
    expect(() => load(fileOf(latin1("\x80\x02(.")))).toThrow(DamagedTensorFileError);
    expect(() => load(fileOf(latin1("\x80\x02K\x01K\x02.")))).toThrow(DamagedTensorFileError);
    const bare = latin1("\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x01tQ.");
    expect(() => load(fileOf(bare, { 0: new Uint8Array(4) }))).toThrow(/a storage by itself/);
  });
});
