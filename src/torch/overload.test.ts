import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "./fixtures/nothing-left.ts";
import * as torch from "./index.ts";

expectNothingLeft();

const untyped = (value: unknown): never => value as never;

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
