/** Parametrised layers, and dropout in attention, against PyTorch (`scripts/golden/parametrize_golden.py`). */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectClose } from "../fixtures/close.ts";
import { expectNothingLeft } from "../fixtures/nothing-left.ts";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import * as nn from "./index.ts";

interface Dumped {
  readonly shape: number[];
  readonly data: number[];
}
type State = Readonly<Record<string, Dumped>>;
interface Case {
  readonly name: string;
  readonly seed: number;
  readonly initial: State;
  readonly input: Dumped;
  readonly output: Dumped;
  readonly inputGrad: Dumped;
  readonly grads: State;
  readonly after: State;
  readonly evaluated: Dumped;
  readonly weight: Dumped;
  readonly removed: State;
}
interface AttentionCase {
  readonly seed: number;
  readonly needWeights: boolean;
  readonly input: Dumped;
  readonly output: Dumped;
  readonly weights: Dumped | null;
  readonly inputGrad: Dumped;
}
const golden = JSON.parse(readFileSync(new URL("golden/parametrize.json", import.meta.url), "utf8")) as {
  cases: Case[];
  attention: AttentionCase[];
};

const { parametrize, parametrizations } = nn.utils;
const load = ({ shape, data }: Dumped): Tensor => torch.fromTypedArray(Float32Array.from(data), shape);

/** Sums of ten terms of sums of ten terms, in the power method twenty times over. */
function expectSame(got: Tensor | null, wanted: Dumped | null | undefined, what: string): void {
  expect(got?.shape, what).toEqual(wanted?.shape);
  if (got !== null && wanted) expectClose(got, wanted.data, { terms: 400, what });
}
function expectState(got: ReadonlyMap<string, Tensor>, wanted: State, what: string): void {
  expect([...got.keys()], what).toEqual(Object.keys(wanted));
  for (const [key, tensor] of got) expectSame(tensor, wanted[key], `${what}: ${key}`);
}

class Symmetric extends nn.Module<[Tensor], Tensor> {
  override forward(x: Tensor): Tensor {
    using upper = torch.triu(x);
    using above = torch.triu(x, 1);
    using below = torch.t(above);
    return torch.add(upper, below);
  }
  rightInverse(x: Tensor): Tensor {
    return torch.triu(x);
  }
}
class Scale extends nn.Module<[Tensor], Tensor> {
  factor = new nn.Parameter(torch.tensor(2));
  override forward(x: Tensor): Tensor {
    return torch.mul(x, this.factor);
  }
}

type Any = nn.Module<[Tensor], Tensor> & { weight: Tensor };
function symmetric(): nn.Linear {
  return parametrize.registerParametrization(new nn.Linear(3, 3), "weight", new Symmetric());
}
function chain(): nn.Linear {
  const layer = parametrize.registerParametrization(symmetric(), "weight", new Scale());
  return parametrize.registerParametrization(layer, "bias", new Scale());
}
const MAKE: Readonly<Record<string, () => Any>> = {
  symmetric,
  chain,
  weightNorm: () => parametrizations.weightNorm(new nn.Conv2d(2, 3, 2)),
  "weightNorm of dim 1": () => parametrizations.weightNorm(new nn.Linear(3, 2), "weight", { dim: 1 }),
  "weightNorm of all": () => parametrizations.weightNorm(new nn.Linear(3, 2), "weight", { dim: null }),
  spectralNorm: () => parametrizations.spectralNorm(new nn.Linear(4, 3)),
  "spectralNorm transposed": () =>
    parametrizations.spectralNorm(new nn.ConvTranspose1d(2, 3, 2), "weight", { nPowerIterations: 3 }),
};

expectNothingLeft();

describe("a parametrised layer", () => {
  it.each(golden.cases.map((c) => [c.name, c] as const))("is PyTorch's: %s", (name, c) => {
    torch.manualSeed(c.seed);
    const start = torch.memory.live().tensors;
    using layer = MAKE[name]!();
    const own = [...layer.parameters(), ...layer.buffers()].length;
    expect(torch.memory.live().tensors - start, "nothing but parameters and buffers").toBe(own);
    using _scope = torch.scope();
    expectState(layer.stateDict(), c.initial, "initial");
    const x = load(c.input).requiresGrad_();
    const live = torch.memory.live().tensors;
    const output = layer.call(x);
    expect(torch.memory.live().tensors - live, "nothing but the output is left").toBe(1);
    expectSame(output, c.output, "output");
    output.square().sum().backward();
    expectSame(x.grad, c.inputGrad, "gradient of the input");
    expect([...layer.namedParameters()].map(([key]) => key)).toEqual(Object.keys(c.grads));
    for (const [key, parameter] of layer.namedParameters())
      expectSame(parameter.grad, c.grads[key], `gradient of ${key}`);
    expectState(layer.stateDict(), c.after, "after");
    layer.eval();
    expectSame(layer.call(x), c.evaluated, "evaluated");
    expectSame(layer.weight, c.weight, "weight");
    for (const key of ["weight", "bias"])
      if (parametrize.isParametrized(layer, key)) parametrize.removeParametrizations(layer, key);
    expectState(layer.stateDict(), c.removed, "removed");
    expect(parametrize.isParametrized(layer)).toBe(false);
    expectSame(layer.call(x), c.evaluated, "as it is without them");
  });

  it("loads its state dict, and says what is missing", () => {
    using _scope = torch.scope();
    using a = chain();
    using b = chain();
    b.loadStateDict(a.stateDict());
    expect(b.weight.toArray()).toEqual(a.weight.toArray());
    using plain = new nn.Linear(3, 3);
    expect(() => b.loadStateDict(plain.stateDict())).toThrow(/parametrizations\.weight\.original/);
  });

  it("keeps the parameter that its optimizer has, and learns by it", () => {
    using _scope = torch.scope();
    using layer = new nn.Linear(3, 3);
    const { weight } = layer;
    using optimizer = new torch.optim.SGD(layer.parameters(), { lr: 0.1 });
    parametrize.registerParametrization(layer, "weight", new Symmetric());
    layer
      .call(torch.ones([1, 3]))
      .sum()
      .backward();
    const old = layer.weight.toArray();
    optimizer.step();
    const now = layer.weight;
    expect(now.toArray()).not.toEqual(old);
    expect(now.toArray()).toEqual(now.t().toArray());
    parametrize.removeParametrizations(layer, "weight", { leaveParametrized: false });
    expect(layer.weight).toBe(weight);
    optimizer.zeroGrad();
  });

  it("takes an assignment by way of rightInverse, and refuses it without", () => {
    using _scope = torch.scope();
    using layer = symmetric();
    const value = torch.tensor([
      [1, 2, 3],
      [2, 4, 5],
      [3, 5, 6],
    ]);
    layer.weight = value as nn.Parameter;
    expect(layer.weight.toArray()).toEqual(value.toArray());
    parametrize.registerParametrization(layer, "bias", new Scale());
    expect(() => {
      layer.bias = torch.ones([3]) as nn.Parameter;
    }).toThrow(/Scale has no rightInverse/);
  });

  it("computes each tensor once within cached(), and disposes it at the outermost end", () => {
    using layer = symmetric();
    {
      using _ = parametrize.cached();
      {
        using _inner = parametrize.cached();
        expect(layer.weight).toBe(layer.weight);
      }
      const live = torch.memory.live().tensors;
      layer.weight.shape;
      expect(torch.memory.live().tensors).toBe(live);
    }
    using a = layer.weight;
    using b = layer.weight;
    expect(a).not.toBe(b);
  });

  it("is left as it was where a parametrization does not fit", () => {
    class Half extends nn.Module<[Tensor], Tensor> {
      override forward(x: Tensor): Tensor {
        return torch.narrow(x, 0, 0, 1);
      }
    }
    using layer = new nn.Linear(3, 2);
    const state = [...layer.stateDict()].map(([key, tensor]) => [key, tensor.toArray()]);
    const add = (unsafe: boolean) => parametrize.registerParametrization(layer, "weight", new Half(), { unsafe });
    expect(() => add(false)).toThrow(
      /is float32 of shape \[2, 3\], and its parametrization gives float32 of shape \[1, 3\]/,
    );
    expect([...layer.stateDict()].map(([key, tensor]) => [key, tensor.toArray()])).toEqual(state);
    add(true);
    using half = layer.weight;
    expect(half.shape).toEqual([1, 3]);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "no parameter",
      () => parametrize.registerParametrization(new nn.ReLU(), "weight", new nn.Identity()),
      /'weight' of ReLU/,
    ],
    [
      "no parametrization",
      () => parametrize.registerParametrization(new nn.ReLU(), "weight", 3 as never),
      /Expected a Module/,
    ],
    ["nothing to remove", () => parametrize.removeParametrizations(new nn.ReLU(), "weight"), /is not parametrised/],
    ["no tensor", () => parametrizations.spectralNorm(new nn.ReLU()), /has no tensor 'weight'/],
    [
      "unknown options",
      () => parametrizations.weightNorm(new nn.ReLU(), "weight", { dims: 1 } as never),
      /unknown option/,
    ],
  ])("refuses %s", (_title, run, message) => {
    expect(run).toThrow(message);
  });

  it("is not fused: a normalisation whose weight is computed", () => {
    using _scope = torch.scope();
    using norm = new nn.InstanceNorm3d(4, { affine: true });
    using net = new nn.Sequential(norm, new nn.ReLU());
    parametrize.registerParametrization(norm, "weight", new Scale());
    const x = torch.randn([1, 4, 2, 2, 2]);
    const live = torch.memory.live().tensors;
    const y = net.call(x);
    expect(torch.memory.live().tensors - live).toBe(1);
    const plain = torch.relu(torch.instanceNorm(x, null, null, null, null, true, 0.1, 1e-5, false));
    expectClose(y, Array.from(plain.mul(2).toTypedArray() as Float32Array), { terms: 10 });
  });
});

describe("dropout in MultiheadAttention", () => {
  it.each(golden.attention.map((c) => [c.needWeights, c] as const))(
    "draws PyTorch's numbers, with weights: %s",
    (needWeights, c) => {
      using _scope = torch.scope();
      torch.manualSeed(c.seed);
      using layer = new nn.MultiheadAttention(4, 2, { dropout: 0.4 });
      const x = load(c.input).requiresGrad_();
      torch.manualSeed(c.seed + 50);
      const [output, weights] = layer.call(x, x, x, { needWeights });
      expectSame(output, c.output, "output");
      expectSame(weights, c.weights ?? undefined, "weights");
      output.square().sum().backward();
      expectSame(x.grad, c.inputGrad, "gradient");
    },
  );
});
