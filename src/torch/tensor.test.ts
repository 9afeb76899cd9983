import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectClose, expectDrawn } from "./fixtures/close.ts";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import * as torch from "./index.ts";

const golden = JSON.parse(readFileSync(new URL("./golden/torch.json", import.meta.url), "utf8"));

expectNothingLeft();

describe("tensors", () => {
  it("are made from numbers, nested arrays and typed arrays, and read back", () => {
    using scope = torch.scope();
    expect(torch.tensor(3).shape).toEqual([]);
    expect(
      torch
        .tensor([
          [1, 2],
          [3, 4],
        ])
        .toArray(),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(torch.tensor([true, false]).dtype).toBe("bool");
    expect(torch.tensor([1, 2], { dtype: "int64" }).toTypedArray()).toEqual(new BigInt64Array([1n, 2n]));
    expect(torch.tensor(new Float64Array([0.1])).item()).toBe(0.1);
    expect(torch.fromTypedArray(new Int16Array([1, 2, 3, 4]), [2, 2]).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(() => torch.tensor([[1, 2], [3]])).toThrow(/expected 2 elements at dimension 1, got 1/);
    expect(() => torch.tensor([1], { dtpye: "int64" } as object)).toThrow(/unknown option 'dtpye'/);
    scope.end();
  });

  it("share memory with a typed array where asked, and keep it alive", () => {
    const array = new Float32Array([1, 2, 3]);
    using shared = torch.fromTypedArray(array, [3], { share: true });
    array[0] = 9;
    expect(shared.toArray()).toEqual([9, 2, 3]);
    shared.mul_(2);
    expect([...array]).toEqual([18, 4, 6]);
    const view = shared.view_();
    expect([...(view as Float32Array)]).toEqual([18, 4, 6]);
  });

  it("know every dtype", () => {
    for (const dtype of torch.dtypes) {
      using ones = torch.ones([2], { dtype });
      expect(ones.dtype).toBe(dtype);
      expect(Number(ones.toTypedArray()[0])).toBe(1);
    }
  });

  it("say what is wrong in libtorch's words, without its stack", () => {
    using a = torch.ones([2, 3]);
    using b = torch.ones([4, 5]);
    expect(() => a.matmul(b)).toThrow(/mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)$/);
    expect(() => torch.ones([2], { dtyp: "int64" } as object)).toThrow(
      /unknown option 'dtyp'; known are dtype, layout, device, pinMemory, requiresGrad/,
    );
    expect(() => (torch.conv3d as (...args: unknown[]) => unknown)("x")).toThrow(/no overload takes \('x'\)/);
    expect(() => torch.ops("aten::nothing")).toThrow(/no operator 'aten::nothing'/);
  });

  it("pick the overload by the arguments", () => {
    using scope = torch.scope();
    const x = torch.tensor([
      [1, 5],
      [3, 2],
    ]);
    expect(x.max().item()).toBe(5);
    expect(x.max(1).map((t) => t.toArray())).toEqual([
      [5, 3],
      [1, 0],
    ]);
    expect(x.add(1).toArray()).toEqual([
      [2, 6],
      [4, 3],
    ]);
    expect(x.add(x, { alpha: 2 }).toArray()).toEqual([
      [3, 15],
      [9, 6],
    ]);
    expect(x.sum([0]).toArray()).toEqual([4, 7]);
    expect(x.add_(1)).toBe(x);
    expect(torch.ops("aten::add.Tensor", x, x, 1)).toBeInstanceOf(torch.Tensor);
    scope.end();
  });

  it.each(Object.keys(golden.printed))("prints '%s' as PyTorch does", (name) => {
    using scope = torch.scope();
    const made: Record<string, () => torch.Tensor> = {
      scalar: () => torch.tensor(3.5),
      vector: () => torch.tensor([1, 2.5, -3.25]),
      whole: () => torch.tensor([1, 2, -3]),
      matrix: () =>
        torch.tensor([
          [1, 2],
          [3.5, 4],
        ]),
      cube: () => torch.arange(24, { dtype: "float32" }).reshape([2, 3, 4]),
      ints: () =>
        torch.tensor(
          [
            [1, 22],
            [333, 4],
          ],
          { dtype: "int64" },
        ),
      bools: () => torch.tensor([true, false]),
      double: () => torch.tensor([1.5, 2.5], { dtype: "float64" }),
      small: () => torch.tensor([1e-5, 1, 2]),
      large: () => torch.tensor([1e10, 1]),
      special: () => torch.tensor([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1.5]),
      long: () => torch.arange(2000, { dtype: "float32" }),
      wide: () => torch.arange(40, { dtype: "float32" }).div(7),
      square: () => torch.arange(10000, { dtype: "float32" }).reshape([100, 100]),
      empty: () => torch.zeros([0]),
      empty2: () => torch.zeros([2, 0]),
      zeros: () => torch.zeros([2, 2]),
      half: () => torch.tensor([1.5, 2.5], { dtype: "float16" }),
      complex: () => torch.complex(torch.tensor([1, -0.5]), torch.tensor([2, -1])),
      grad: () => torch.tensor([1], { requiresGrad: true }),
      grad_fn: () => torch.tensor([1], { requiresGrad: true }).exp(),
    };
    expect(String(made[name]?.())).toBe(golden.printed[name]);
    scope.end();
  });
});

describe("random streams", () => {
  it("are PyTorch's", () => {
    using scope = torch.scope();
    torch.manualSeed(42);
    const drawn: Record<string, torch.Tensor> = {
      uniform_: torch.empty([5]).uniform_(),
      randn: torch.randn([20]),
      randn_small: torch.randn([3]),
      randperm: torch.randperm(9),
      randint: torch.randint(0, 100, [6]),
      normal_: torch.empty([4], { dtype: "float64" }).normal_(2, 3),
      generator_randperm: torch.randperm(11, { generator: new torch.Generator().manualSeed(7) }),
    };
    // whole numbers everywhere; others bit for bit where libtorch has the vector instructions that made the expected ones
    const vectors = ["AVX2", "AVX512"].includes(torch.processor().capability);
    for (const [name, values] of Object.entries(golden.streams as Record<string, number[]>)) {
      const tensor = drawn[name]!;
      if (vectors || tensor.dtype === "int64") expect([name, tensor.toArray()]).toEqual([name, values]);
      else expectDrawn(tensor, values, { what: name });
    }
    scope.end();
  });

  it("give nn.Dropout the draws of PyTorch 2.6", () => {
    using scope = torch.scope();
    torch.manualSeed(42);
    expect(new torch.nn.Dropout(0.3).call(torch.ones([5, 9])).toArray()).toEqual(golden.dropout);
    expect(torch.rand([2]).toArray()).toEqual(golden.after_dropout);
    scope.end();
  });

  it("can be saved and put back", () => {
    using scope = torch.scope();
    torch.manualSeed(1);
    torch.rand([3]);
    const state = torch.random.getState();
    const a = torch.rand([4]).toArray();
    torch.random.setState(state);
    expect(torch.rand([4]).toArray()).toEqual(a);
    scope.end();
  });
});

describe("autograd", () => {
  it("gives PyTorch's gradients", () => {
    using scope = torch.scope();
    const x = torch.linspace(-2, 2, 12).reshape([3, 4]).requiresGrad_();
    const w = torch.linspace(-1, 1, 8).reshape([2, 4]).requiresGrad_();
    const y = torch.gelu(torch.linear(x, w)).softmax(1);
    y.mul(torch.arange(6, { dtype: "float32" }).reshape([3, 2]))
      .sum()
      .backward();
    for (const [name, value] of [
      ["y", y],
      ["x", x.grad],
      ["w", w.grad],
    ] as const) {
      const wanted = (golden.gradients[name] as number[][]).flat();
      // 12 elements, each through sums of 4 terms and less, of terms up to 5
      expectClose(value!, wanted, { terms: 12, scale: 5, what: name });
    }
    scope.end();
  });

  it("records nothing in noGrad, and everything again in enableGrad", () => {
    using scope = torch.scope();
    const x = torch.ones([2], { requiresGrad: true });
    expect(torch.noGrad(() => x.mul(2).requiresGrad)).toBe(false);
    {
      using _ = torch.noGrad();
      expect(torch.isGradEnabled()).toBe(false);
      expect(torch.enableGrad(() => x.mul(2).requiresGrad)).toBe(true);
    }
    expect(torch.isGradEnabled()).toBe(true);
    expect(x.mul(2).detach().requiresGrad).toBe(false);
    scope.end();
  });

  it("calls hooks on gradients, which may replace them or throw", () => {
    using scope = torch.scope();
    const x = torch.ones([2], { requiresGrad: true });
    const hook = x.registerHook((g) => g.mul(10));
    x.mul(3).sum().backward();
    expect(x.grad?.toArray()).toEqual([30, 30]);
    hook.remove();
    x.grad = null;
    x.registerHook(() => {
      throw new RangeError("from the hook");
    });
    expect(() => x.mul(3).sum().backward()).toThrow(RangeError);
    scope.end();
  });

  it("names the function that made a NaN, when asked to look", () => {
    using scope = torch.scope();
    const x = torch.tensor([-1], { requiresGrad: true });
    expect(() => torch.autograd.detectAnomaly(() => x.sqrt().sum().backward())).toThrow(/SqrtBackward0.*nan/i);
    scope.end();
  });
});

describe("devices", () => {
  it("say plainly that there is no GPU where there is none", () => {
    if (torch.cuda.isAvailable()) expect(torch.cuda.deviceCount()).toBeGreaterThan(0);
    else {
      expect(torch.cuda.deviceCount()).toBe(0);
      expect(torch.cuda.whyUnavailable()).not.toBe("");
    }
  });
});
