/** Layers, losses and initial values against what PyTorch computed (`test/golden/nn_golden.py`). */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectClose, expectDrawn, largest } from "../fixtures/close.ts";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import * as nn from "./index.ts";

interface Dumped {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface LayerCase {
  readonly class: string;
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly self: boolean;
  /** Whether the inputs are indices. */
  readonly index: boolean;
  readonly repr: string;
  readonly initial: Readonly<Record<string, Dumped>>;
  readonly inputs: readonly Dumped[];
  readonly outputs: readonly Dumped[];
  readonly cotangents: readonly Dumped[];
  readonly inputGrads: readonly (Dumped | null)[];
  readonly grads: Readonly<Record<string, Dumped | null>>;
  readonly buffers: Readonly<Record<string, Dumped>>;
}
interface LossCase {
  readonly class: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly classes: boolean;
  readonly repr: string;
  readonly input: Dumped;
  readonly target: Dumped;
  readonly output: Dumped;
  readonly inputGrad: Dumped;
}
interface InitCase {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seed: number;
  readonly shape: number[];
  readonly value: Dumped;
}
interface Golden {
  readonly layers: readonly LayerCase[];
  readonly losses: readonly LossCase[];
  readonly inits: readonly InitCase[];
}

const golden = JSON.parse(readFileSync(new URL("golden/nn.json", import.meta.url), "utf8")) as Golden;

type Build<T> = new (...args: unknown[]) => T;
const classes = nn as unknown as Readonly<Record<string, Build<nn.Module<Tensor[], Tensor | [Tensor, Tensor | null]>>>>;

function load({ shape, data }: Dumped): Tensor {
  return torch.fromTypedArray(Float32Array.from(data), [...shape]);
}

type Compare = (got: Tensor, wanted: readonly number[], what: string) => void;

/** The longest sums of these layers and losses have a hundred terms. */
const computed: Compare = (got, wanted, what) =>
  expectClose(got, wanted, { terms: 100, scale: Math.max(1e-3, largest(wanted)), what });

function expectSame(tensor: Tensor | null, expected: Dumped | null, what: string, compare: Compare = computed): void {
  if (expected === null || tensor === null) {
    expect(tensor === null, what).toBe(expected === null);
    return;
  }
  expect(tensor.shape, what).toEqual(expected.shape);
  compare(tensor, expected.data, what);
}

let before: { tensors: number };
beforeEach(() => {
  before = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(before.tensors);
});

describe("layers", () => {
  it.each(golden.layers.map((c, i) => [i, c.repr, c] as const))("%i %s", (_, repr, c) => {
    using _scope = torch.scope();
    torch.manualSeed(c.seed);
    const Layer = classes[c.class];
    if (Layer === undefined) throw new Error(c.class);
    const options = Object.keys(c.options).length > 0 ? [c.options] : [];
    using layer = new Layer(...c.args, ...options);
    expect(String(layer)).toBe(repr);
    const state = layer.stateDict();
    expect([...state.keys()]).toEqual(Object.keys(c.initial));
    // weight and bias of a layer are drawn from the same interval
    const sizes = Object.values(c.initial).map((initial) => largest(initial.data));
    const drawn: Compare = (got, wanted, what) => expectDrawn(got, wanted, { what, scale: Math.max(...sizes) });
    for (const [key, tensor] of state) expectSame(tensor, c.initial[key] ?? null, key, drawn);

    const inputs = c.inputs.map((x) => (c.index ? load(x).to({ dtype: "int64" }) : load(x).requiresGrad_()));
    const given = (c.self ? [inputs[0], inputs[0], inputs[0]] : inputs) as Tensor[];
    torch.manualSeed(c.seed + 1);
    const live = torch.memory.live().tensors;
    const result = layer.call(...(c.options.inplace === true ? given.map((x) => x.clone()) : given));
    const all: (Tensor | null)[] = Array.isArray(result) ? result : [result];
    const outputs = all.filter((y): y is Tensor => y !== null);
    const fresh = outputs.filter((y) => !given.includes(y)).length;
    expect(torch.memory.live().tensors - live, "tensors left besides the output").toBe(fresh);
    for (const [i, y] of outputs.entries()) expectSame(y, c.outputs[i] ?? null, `output ${i}`);
    torch.autograd.backward(outputs, { gradients: c.cotangents.map(load) });
    for (const [i, x] of inputs.entries()) expectSame(x.grad, c.inputGrads[i] ?? null, `gradient of input ${i}`);
    for (const [key, p] of layer.namedParameters()) expectSame(p.grad, c.grads[key] ?? null, `gradient of ${key}`);
    expect([...layer.namedBuffers()].map(([key]) => key)).toEqual(Object.keys(c.buffers));
    for (const [key, b] of layer.namedBuffers()) expectSame(b, c.buffers[key] ?? null, key);
  });
});

describe("losses", () => {
  it.each(golden.losses.map((c, i) => [i, c.class, JSON.stringify(c.options), c] as const))(
    "%i %s %s",
    (_i, _name, _o, c) => {
      using _scope = torch.scope();
      const Loss = classes[c.class];
      if (Loss === undefined) throw new Error(c.class);
      const options = Object.fromEntries(
        Object.entries(c.options).map(([key, value]) => [key, Array.isArray(value) ? torch.tensor(value) : value]),
      );
      using loss = new Loss(options);
      expect(String(loss)).toBe(c.repr);
      const input = load(c.input).requiresGrad_();
      const target = c.classes ? load(c.target).to({ dtype: "int64" }) : load(c.target);
      const live = torch.memory.live().tensors;
      const output = loss.call(input, target) as Tensor;
      expect(torch.memory.live().tensors - live).toBe(1);
      expectSame(output, c.output, "output");
      output.sum().backward();
      expectSame(input.grad, c.inputGrad, "gradient");
    },
  );
});

describe("init", () => {
  it.each(golden.inits.map((c) => [c.name, c.shape, c] as const))("%s %s", (name, _shape, c) => {
    using _scope = torch.scope();
    torch.manualSeed(c.seed);
    const tensor = torch.empty([...c.shape]);
    const draws = nn.init as unknown as Readonly<Record<string, (...args: unknown[]) => Tensor>>;
    // uniform_(tensor, a, b) and normal_(tensor, mean, std) take numbers, the others options
    const args = name === "uniform_" || name === "normal_" ? Object.values(c.options) : [c.options];
    expect(draws[name]?.(tensor, ...args)).toBe(tensor);
    expectSame(
      tensor,
      c.value,
      name,
      name === "orthogonal_" ? computed : (got, wanted, what) => expectDrawn(got, wanted, { what }),
    );
  });
});
