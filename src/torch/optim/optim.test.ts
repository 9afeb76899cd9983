import { describe, expect, it } from "vitest";
import { ConfigError } from "../../utils/exceptions.ts";
import * as torch from "../index.ts";
import { load, save } from "../serialization/index.ts";
import type { Tensor } from "../tensor.ts";
import { checkTrajectory, expectClose, golden, make, makeParams, step, values } from "./fixtures/trajectories.ts";
import { Adam, SGD } from "./index.ts";

const fusedToo = new Set(["Adam", "AdamW", "SGD", "Adagrad"]);
const cases = golden.optimizers.flatMap((t) => {
  const title = `${t.name} ${JSON.stringify(t.options)}`;
  return fusedToo.has(t.name)
    ? [
        { title, t, extra: {} },
        { title: `${title}, not fused`, t, extra: { fused: false } },
      ]
    : [{ title, t, extra: {} }];
});

describe("trajectories are PyTorch's", () => {
  it.each(cases)("$title", ({ t, extra }) => {
    const before = torch.memory.live().tensors;
    checkTrajectory(t, extra);
    expect(torch.memory.live().tensors).toBe(before);
  });
});

describe("state", () => {
  it.each(golden.optimizers.map((t) => ({ title: `${t.name} ${JSON.stringify(t.options)}`, t })))(
    "continues through a file: $title",
    ({ t }) => {
      using _scope = torch.scope();
      const params = makeParams();
      using first = make(t, params);
      for (let at = 0; at < 5; at++) step(first, params, at);
      const file = save({ optimizer: first.stateDict(), params });
      const back = load(file) as { optimizer: object; params: Tensor[] };
      using second = make({ ...t, options: {} }, back.params);
      second.loadStateDict(back.optimizer);
      for (let at = 5; at < 10; at++) step(second, back.params, at);
      for (const [i, p] of back.params.entries()) expectClose(p, t.steps[9]?.[i] ?? []);
    },
  );

  it("does not take groups of another shape", () => {
    using _scope = torch.scope();
    const params = makeParams();
    using one = new SGD(params);
    using two = new SGD(params.map((p) => ({ params: [p] })));
    expect(() => one.loadStateDict(two.stateDict())).toThrow(ConfigError);
  });
});

describe("layouts", () => {
  it("are not mixed up when gradient and parameter differ", () => {
    using _scope = torch.scope();
    const data = values(0, -1);
    const plain = data.clone().requiresGrad_();
    const transposed = data.t().contiguous().t().requiresGrad_();
    using a = new Adam([plain], { lr: 0.1 });
    using b = new Adam([transposed], { lr: 0.1 });
    for (let at = 0; at < 3; at++) {
      plain.grad = values(0, at);
      transposed.grad = values(0, at);
      a.step();
      b.step();
    }
    expectClose(transposed, Array.from(plain.toTypedArray() as Float32Array));
    const state = b.stateDict().state.get(0)?.exp_avg as Tensor;
    expect(state.stride()).toEqual(transposed.stride());
  });
});

describe("use", () => {
  it("skips parameters without a gradient, zeroes gradients, runs a closure", () => {
    using _scope = torch.scope();
    const x = torch.tensor([2]).requiresGrad_();
    const unused = torch.tensor([3]).requiresGrad_();
    using optimizer = new SGD([x, unused], { lr: 0.1 });
    const loss = optimizer.step(() => {
      const value = x.mul(x).sum();
      value.backward();
      return value.item();
    });
    expect(loss).toBe(4);
    expect(x.item()).toBeCloseTo(1.6);
    expect(unused.item()).toBe(3);
    optimizer.zeroGrad({ setToNone: false });
    expect(x.grad?.toArray()).toEqual([0]);
    optimizer.zeroGrad();
    expect(x.grad).toBeNull();
  });

  it("refuses what makes no sense", () => {
    using _scope = torch.scope();
    const p = torch.tensor([1]).requiresGrad_();
    expect(() => new SGD([])).toThrow(/no parameters/);
    expect(() => new SGD([p, p])).toThrow(/twice/);
    expect(() => new SGD([{ params: [p] }, { params: [p] }])).toThrow(/two groups/);
    expect(() => new SGD([p.mul(2)])).toThrow(/leaf/);
    expect(() => new SGD([p], { nesterov: true })).toThrow(/momentum/);
    expect(() => new SGD([p], { learningRate: 1 } as object)).toThrow(/learningRate/);
    expect(() => new Adam([p], { lr: -1 })).toThrow(/lr/);
    expect(() => new Adam([p], { differentiable: true })).toThrow(/differentiable/);
  });
});
