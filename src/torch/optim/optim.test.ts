import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../utils/exceptions.ts";
import { snakeToCamel } from "../../utils/names.ts";
import * as torch from "../index.ts";
import { load, save } from "../serialization/index.ts";
import type { Tensor } from "../tensor.ts";
import { Adadelta, Adagrad, Adam, AdamW, Lion, NAdam, type Optimizer, RAdam, RMSprop, SGD } from "./index.ts";

interface Trajectory {
  name: keyof typeof optimizers;
  options: Record<string, unknown>;
  groups: Record<string, unknown>[] | null;
  steps: number[][][];
  state: { state: Record<string, Record<string, unknown>>; param_groups: Record<string, unknown>[] };
}
const golden = JSON.parse(readFileSync(new URL("golden/optim.json", import.meta.url), "utf8")) as {
  optimizers: Trajectory[];
};

// options come from JSON, so their types are not known here
type Make = new (params: never, options: never) => Optimizer;
const optimizers = { Adadelta, Adagrad, Adam, AdamW, Lion, NAdam, RAdam, RMSprop, SGD } satisfies Record<string, Make>;

const SHAPES = [[3, 4], [5]];

/** The formula of test/golden/optim_golden.py. */
function values(which: number, step: number): Tensor {
  const shape = SHAPES[which] ?? [];
  const count = shape.reduce((a, b) => a * b, 1);
  const flat = Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * step + 0.3 * i + which) * (1 + 0.1 * i));
  return torch.fromTypedArray(flat, shape);
}

function makeParams(): Tensor[] {
  return SHAPES.map((_, i) => values(i, -1).requiresGrad_());
}

function camel(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).map(([k, v]) => [snakeToCamel(k), v]));
}

function make(t: Trajectory, params: Tensor[], extra: Record<string, unknown> = {}): Optimizer {
  const given = t.groups === null ? params : t.groups.map((g, i) => ({ params: [params[i]], ...camel(g) }));
  const Class: Make = optimizers[t.name];
  return new Class(given as never, { ...camel(t.options), ...extra } as never);
}

function step(optimizer: Optimizer, params: Tensor[], at: number): void {
  for (const [i, p] of params.entries()) {
    using g = values(i, at);
    p.grad = g;
  }
  optimizer.step();
}

function expectClose(tensor: Tensor, expected: number[]): void {
  const got = Array.from(tensor.toTypedArray() as Float32Array);
  for (const [i, value] of expected.entries())
    expect(Math.abs((got[i] ?? Number.NaN) - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
}

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
    {
      using _scope = torch.scope();
      const params = makeParams();
      using optimizer = make(t, params, extra);
      for (const [at, expected] of t.steps.entries()) {
        step(optimizer, params, at);
        for (const [i, p] of params.entries()) expectClose(p, expected[i] ?? []);
      }
      // the same state under the same names, in the same order
      const state = optimizer.stateDict();
      expect(state.param_groups.map((g) => Object.entries(g))).toEqual(
        t.state.param_groups.map((g) => Object.entries({ ...g, ...extra })),
      );
      expect([...state.state.keys()].map(String)).toEqual(Object.keys(t.state.state));
      for (const [number, own] of state.state) {
        const expected = t.state.state[number] as Record<string, { dtype: string; shape: number[]; values: number[] }>;
        expect(Object.keys(own).sort()).toEqual(Object.keys(expected).sort());
        for (const [key, value] of Object.entries(expected)) {
          const tensor = own[key] as Tensor;
          expect([tensor.dtype, tensor.shape]).toEqual([value.dtype, value.shape]);
          expectClose(tensor, value.values);
        }
      }
    }
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
