import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import { Counter, load, NdArray, RefusedGlobalError, serialize, TensorFileFormatError, Tuple, tuple } from "./index.ts";

const golden = (name: string) => new URL(`golden/${name}`, import.meta.url).pathname;

type Golden = {
  model: Map<string, Tensor> & { _metadata: Map<string, { version: number }> };
  parameter: Tensor;
  shared: Tensor[];
  dtypes: Record<string, Tensor>;
  scalar: Tensor;
  empty: Tensor;
  [key: string]: unknown;
};

// the same expectations hold for what Python wrote and for our own writing of it
describe.each([
  ["written by Python", "python.pt", (value: Golden) => value],
  ["written by Python in the format before 1.6", "legacy.pt", (value: Golden) => value],
  [
    "written again here",
    "python.pt",
    (value: Golden) => load(new Uint8Array(Buffer.concat(serialize(value)))) as Golden,
  ],
])("a file of torch.save %s", (_title, file, pass) => {
  it("gives its tensors with dtype, strides and shared memory", () => {
    using _scope = torch.scope();
    const value = pass(load(golden(file)) as Golden);
    const { model, shared, dtypes } = value;
    expect([...model.keys()]).toEqual([
      "0.weight",
      "0.bias",
      "1.weight",
      "1.bias",
      "1.running_mean",
      "1.running_var",
      "1.num_batches_tracked",
    ]);
    expect(model.get("0.weight")?.shape).toEqual([2, 1, 3, 3, 3]);
    expect(model.get("0.weight")?.stride()).toEqual([27, 1, 9, 3, 1]);
    expect(model.get("1.num_batches_tracked")?.dtype).toBe("int64");
    expect(model._metadata.get("1")).toEqual({ version: 2 });
    expect([...model._metadata.keys()]).toEqual(["", "0", "1"]);

    expect(shared[0]?.storageId()).toBe(shared[1]?.storageId());
    expect(shared[1]?.toArray()).toEqual([4, 5, 6, 7]);
    expect(shared[2]?.stride()).toEqual([1, 6]);
    torch.noGrad(() => shared[0]?.fill_(9));
    expect(shared[1]?.toArray()).toEqual([9, 9, 9, 9]);

    for (const [dtype, tensor] of Object.entries(dtypes)) {
      expect(tensor.dtype).toBe(dtype);
      if (!dtype.startsWith("complex")) expect(tensor.to({ dtype: "float64" }).toArray()).toEqual([0, 1, 1]);
    }
    expect(dtypes.complex64?.toTypedArray()).toEqual(Float32Array.of(0, 0, 1, 0, 1, 0));
    expect(value.parameter.requiresGrad).toBe(true);
    expect(value.parameter.isLeaf).toBe(true);
    expect(value.parameter.toArray()).toEqual([1.5, -2]);
    expect(value.scalar.item()).toBe(7);
    expect(value.empty.shape).toEqual([0, 3]);
  });

  it("gives its other values", () => {
    using _scope = torch.scope();
    const { model, parameter, shared, dtypes, scalar, empty, ...rest } = pass(load(golden(file)) as Golden);
    expect(rest).toEqual({
      losses: new Map([
        [tuple([0, 1]), 0.5],
        [tuple([0, 2]), Number.POSITIVE_INFINITY],
      ]),
      numbers: [0, -1, 255, 256, 65536, -(2 ** 31), 2 ** 40, 10n ** 30n, 1, -0, Number.NaN],
      text: ["", "é😀", "a\nb"],
      none: null,
      flags: [true, false],
      nested: { a: { b: new Map([[1, "c"]]) } },
      counter: Counter.of([3, 3, 5]),
      ordered: new Map([
        ["z", 1],
        ["a", 2],
      ]),
      set: new Set([1]),
      bytes: Uint8Array.of(0, 255),
      size: [2, 3],
      device: "cpu",
      dtype: "float16",
    });
    expect(rest.flags).toBeInstanceOf(Tuple);
  });

  it("leaves no tensor behind", () => {
    const before = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      pass(load(golden(file)) as Golden);
    }
    expect(torch.memory.live().tensors).toBe(before);
  });
});

describe("other files", () => {
  it("reads and writes numpy arrays", () => {
    using _scope = torch.scope();
    const read = load(golden("numpy.pt"));
    for (const value of [read, load(new Uint8Array(Buffer.concat(serialize(read))))]) {
      const { images } = value as { images: { T1w: [Tensor, NdArray] } };
      expect(images.T1w[0].shape).toEqual([1, 2, 2]);
      expect(images.T1w[1]).toBeInstanceOf(NdArray);
      expect(images.T1w[1].shape).toEqual([4, 4]);
      expect([...images.T1w[1].data].filter((v) => v !== 0)).toEqual([1.5, 2, 2.5, 1]);
    }
    expect((read as { count: bigint }).count).toBe(3n);
  });

  it("refuses a class by its name", () => {
    expect(() => load(golden("class.pt"))).toThrow(RefusedGlobalError);
    expect(() => load(golden("class.pt"))).toThrow(/class\.pt: .*'torch\.optim\.sgd\.SGD'/);
  });

  it("refuses a bare pickle by what it is", () => {
    const pickle = new Uint8Array(readFileSync(golden("legacy.pt"))).subarray(0, 15);
    const other = pickle.slice();
    other[5] = 0;
    expect(() => load(other)).toThrow(TensorFileFormatError);
    expect(() => load(other)).toThrow(/a bare pickle/);
  });
});
