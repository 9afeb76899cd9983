import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "./index.ts";

let before = 0;
beforeEach(() => {
  before = torch.memory.live().tensors;
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(before);
});

const untyped = (value: unknown): never => value as never;

describe("habits of PyTorch's users", () => {
  it("numbers and tensors one by one, where a list is wanted: what to write is said", () => {
    using _ = torch.scope();
    const x = torch.ones([2, 3]);
    expect(() => torch.randn(...([2, 3] as unknown as [never]))).toThrow(
      "got (2, 3), where a list is wanted. Write torch.randn([2, 3]).",
    );
    expect(() => torch.zeros(untyped(4), { dtype: "int64" })).toThrow("Write torch.zeros([4]).");
    expect(() => x.view(...([3, 2] as unknown as [never]))).toThrow("Write x.view([3, 2]).");
    expect(() => x.permute(...([1, 0] as unknown as [never]))).toThrow("Write x.permute([1, 0]).");
    expect(() => torch.cat(...([x, x.mul(2), 1] as unknown as [never]))).toThrow("Write torch.cat([x, y], 1).");
    // what a list would not mend is not said to be mended by one
    expect(() => torch.randn(untyped("a"))).toThrow("no overload takes ('a')");
  });

  it("a device, a dtype or a tensor where options are wanted", () => {
    using _ = torch.scope();
    const x = torch.ones([1]);
    expect(() => x.to(untyped("cuda"))).toThrow(
      "to: got 'cuda', where options are wanted. Write to({ device: \"cuda\" }).",
    );
    expect(() => x.to(untyped("float64"))).toThrow('Write to({ dtype: "float64" }).');
    expect(() => x.to(untyped(x))).toThrow("Write to({ dtype: other.dtype, device: other.device }).");
    expect(() => x.to({ device: "cpu", ...{ type: "int8" } })).toThrow(
      "to: unknown option 'type'; known are dtype, device",
    );
    using layer = new torch.nn.Linear(1, 1);
    expect(() => layer.to(untyped("cuda"))).toThrow(
      "Linear.to: got 'cuda', where options are wanted. Write to({ device: \"cuda\" }).",
    );
    expect(() => layer.to({ dtpe: "float64" } as object)).toThrow("Linear.to: unknown option 'dtpe'");
    expect(() => torch.tensor([1], untyped("int64"))).toThrow("torch.tensor: got 'int64' by position");
  });
});

describe("arguments are what the schema says", () => {
  it("a tensor of one element stands for a number, not for the number of its slot", () => {
    using _ = torch.scope();
    for (let i = 0; i < 7; i++) torch.full([1], 100 + i);
    const one = torch.ones([1]);
    expect(one.add(one, { alpha: untyped(torch.tensor(2)) }).toNumbers()).toEqual([3]);
    expect(one.addcmul(one, one, { value: untyped(torch.tensor(0.5)) }).toNumbers()).toEqual([1.5]);
    expect(torch.full([2], untyped(torch.tensor(3))).toNumbers()).toEqual([3, 3]);
    expect(
      torch
        .ones([2, 3])
        .sum(untyped(torch.tensor(1, { dtype: "int64" })))
        .toNumbers(),
    ).toEqual([3, 3]);
    expect((torch.ops("aten::mul.Scalar", one, torch.tensor(3)) as torch.Tensor).toNumbers()).toEqual([3]);
  });

  it("an overload for tensors is taken before a tensor becomes a number", () => {
    using _ = torch.scope();
    const slope = torch.tensor(2).requiresGrad_();
    torch
      .mul(torch.ones([3]), slope)
      .sum()
      .backward();
    expect(slope.grad?.item()).toBe(3);
  });

  it("numbers are no tensors, and nothing else is a number", () => {
    using _ = torch.scope();
    const x = torch.ones([1]);
    expect(() => torch.ops("aten::add.Tensor", x, 0, 1)).toThrow("argument 'other' got 0. Expected Tensor");
    expect(() => torch.ops("aten::cat", [0, 1], 0)).toThrow("argument 'tensors' got [0, 1]. Expected Tensor[]");
    expect(() => torch.ops("aten::fill.Scalar", x, new torch.Generator())).toThrow("got Generator. Expected Scalar");
    expect(() => torch.ops("aten::neg", x, 1)).toThrow("aten::neg takes at most 1 arguments, got 2");
    expect(() => torch.ops("aten::sum.dim_IntList", x, torch.tensor(0.5))).toThrow("argument 'dim'");
    expect(() => x.add(x, { alpha: untyped("2") })).toThrow("torch.add: option 'alpha' got '2'. Expected Scalar");
    expect(() => x.add(x, { alpha: untyped(torch.ones([2])) })).toThrow("option 'alpha' got Tensor[2]");
    expect(() => torch.randn([1], { generator: untyped(3) })).toThrow("option 'generator' got 3. Expected Generator");
    expect(() => x.sum({ dtype: untyped(x) })).toThrow("option 'dtype' got Tensor[1]. Expected ScalarType");
  });

  it("a tensor that needs many arguments more than any operator is refused before anything is read", () => {
    using _ = torch.scope();
    const many = Array.from({ length: 100 }, () => torch.ones([1]));
    expect(() => torch.ops("aten::add.Tensor", ...many)).toThrow("takes at most 3 arguments, got 100");
  });
});

describe("numbers that do not fit", () => {
  it("are errors, where they would wrap around", () => {
    using _ = torch.scope();
    expect(() => torch.tensor([300], { dtype: "uint8" })).toThrow("300 does not fit uint8");
    expect(() => torch.tensor([-1], { dtype: "uint8" })).toThrow("-1 does not fit uint8");
    expect(() => torch.tensor([200], { dtype: "int8" })).toThrow("200 does not fit int8");
    expect(() => torch.tensor([Number.NaN], { dtype: "int64" })).toThrow("NaN does not fit int64");
    expect(() => torch.tensor([2 ** 63], { dtype: "int64" })).toThrow("does not fit int64");
    expect(torch.tensor([255.9, 0], { dtype: "uint8" }).toNumbers()).toEqual([255, 0]);
    expect(torch.tensor([-128, 127], { dtype: "int8" }).toNumbers()).toEqual([-128, 127]);
    expect(() => torch.ops("aten::narrow", torch.ones([3]), 0, 2 ** 63, 1)).toThrow("expected an integer");
  });

  it("shapes are checked before memory is touched", () => {
    expect(() => torch.fromTypedArray(new Float32Array(0), [2 ** 32, 2 ** 32], { share: true })).toThrow("too large");
    expect(() => torch.fromTypedArray(new Float32Array(1), [-1, -1], { share: true })).toThrow("negative");
    expect(() => torch.fromTypedArray(new Float32Array(1), [-1, -1])).toThrow("negative");
    expect(() => torch.fromTypedArray(new Float32Array(0), [2 ** 31, 2 ** 31, 4])).toThrow("too large");
  });

  it("seeds are all of 64 bits", () => {
    for (const seed of [0n, 42n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      torch.random.fork(() => {
        torch.manualSeed(seed);
        expect(torch.random.initialSeed()).toBe(seed);
      });
    }
    torch.random.fork(() => {
      torch.manualSeed(-1);
      expect(torch.random.initialSeed()).toBe(2n ** 64n - 1n);
    });
    expect(() => torch.manualSeed(2n ** 64n)).toThrow("expected an integer");
    expect(() => torch.manualSeed(0.5)).toThrow("expected an integer");
  });

  it("a number of threads is at least one and fits an int", () => {
    const threads = torch.getNumThreads();
    expect(() => torch.setNumThreads(0)).toThrow("positive number of threads");
    expect(() => torch.setNumThreads(2 ** 32 + 1)).toThrow("positive number of threads");
    expect(torch.getNumThreads()).toBe(threads);
  });
});

describe("JavaScript's operators", () => {
  it("are refused, since they would compute with text", () => {
    using x = torch.ones([2]);
    const value: unknown = x;
    expect(() => (value as number) + 1).toThrow("A tensor is not a number");
    expect(() => (value as number) * 2).toThrow("x.mul(2)");
    expect(() => (value as number) < 2).toThrow("x.lt(y)");
    expect(`${x}`).toBe("tensor([1., 1.])");
  });

  it("numbers come out flat, and exact or not at all", () => {
    using _ = torch.scope();
    expect(torch.ones([2, 2], { dtype: "int64" }).toNumbers()).toEqual([1, 1, 1, 1]);
    expect(torch.tensor([true, false]).toNumbers()).toEqual([1, 0]);
    const large = torch.fromTypedArray(BigInt64Array.of(2n ** 60n));
    expect(() => large.toNumbers()).toThrow("does not fit a number exactly");
    expect(() => torch.complex(torch.ones([1]), torch.ones([1])).toNumbers()).toThrow("complex");
  });
});
