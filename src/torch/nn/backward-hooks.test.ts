import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../fixtures/nothing-left.ts";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import * as nn from "./index.ts";

expectNothingLeft();

type Seen = [inputs: unknown[], outputs: unknown[]];
const numbers = (gradients: readonly (Tensor | null)[]) => gradients.map((g) => g?.toArray() ?? null);

function linear(): nn.Linear {
  const layer = new nn.Linear(2, 2, { bias: false });
  using _ = torch.noGrad();
  using values = torch.tensor([
    [1, 2],
    [3, 4],
  ]);
  layer.weight.copy_(values);
  return layer;
}

describe("full backward hooks", () => {
  it("see the gradients of inputs and outputs, and leave the result as it was", () => {
    using _scope = torch.scope();
    using layer = linear();
    const seen: Seen[] = [];
    const handle = layer.registerFullBackwardHook((module, gradInputs, gradOutputs) => {
      expect(module).toBe(layer);
      seen.push([numbers(gradInputs), numbers(gradOutputs)]);
      return undefined;
    });
    const x = torch.tensor([[1, 1]]).requiresGrad_();
    const live = torch.memory.live().tensors;
    const y = layer.call(x);
    expect(torch.memory.live().tensors - live).toBe(1);
    expect(y.toArray()).toEqual([[3, 7]]);
    y.sum().backward();
    expect(seen).toEqual([[[[[4, 6]]], [[[1, 1]]]]]);
    expect(x.grad?.toArray()).toEqual([[4, 6]]);
    expect(layer.weight.grad?.toArray()).toEqual([
      [1, 1],
      [1, 1],
    ]);

    handle.remove();
    layer.call(x).sum().backward();
    expect(seen.length).toBe(1);
  });

  it("are called without gradients of inputs where there are none, and not without gradients at all", () => {
    using _scope = torch.scope();
    using layer = linear();
    const seen: Seen[] = [];
    layer.registerFullBackwardHook((_, gradInputs, gradOutputs) => {
      seen.push([numbers(gradInputs), numbers(gradOutputs)]);
      return undefined;
    });
    const x = torch.ones([1, 2]);
    layer.call(x).mul(3).sum().backward();
    expect(seen).toEqual([[[null], [[[3, 3]]]]]);
    using _ = torch.noGrad();
    expect(layer.call(x).toArray()).toEqual([[3, 7]]);
    expect(seen.length).toBe(1);
  });

  it("replace the gradients of the inputs, inside a chain as well", () => {
    using _scope = torch.scope();
    using layer = linear();
    using chain = new nn.Sequential(new nn.Identity(), layer, new nn.ReLU());
    layer.registerFullBackwardHook((_, [gradient]) => [gradient?.mul(10) ?? null]);
    const x = torch.tensor([[1, 1]]).requiresGrad_();
    const y = chain.call(x);
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual([[40, 60]]);
    layer.registerFullBackwardHook(() => []);
    expect(() => layer.call(x).sum().backward()).toThrow("returned 0 gradients for 1 inputs");
  });

  it("work where the output is the input, and with several outputs", () => {
    using _scope = torch.scope();
    const seen: Seen[] = [];
    const watch: nn.BackwardHook = (_, gradInputs, gradOutputs) => {
      seen.push([numbers(gradInputs), numbers(gradOutputs)]);
      return undefined;
    };
    using identity = new nn.Identity();
    identity.registerFullBackwardHook(watch);
    const x = torch.tensor([2]).requiresGrad_();
    identity.call(x).backward();
    expect(seen).toEqual([[[[1]], [[1]]]]);
    class Two extends nn.Module<[Tensor, Tensor], [Tensor, Tensor]> {
      override forward(a: Tensor, b: Tensor): [Tensor, Tensor] {
        return [a.mul(2), b.mul(3)];
      }
    }
    using two = new Two();
    two.registerFullBackwardHook(watch);
    const [a] = two.call(x, torch.tensor([1]));
    a.backward();
    expect(seen[1]).toEqual([
      [[2], null],
      [[1], null],
    ]);
  });
});

describe("without a scope", () => {
  it("hooks, and layers with a scope of their own, leave nothing behind in a chain", () => {
    class Tidy extends nn.Module {
      override forward(x: Tensor): Tensor {
        return torch.tidy(() => x.mul(2).add(1));
      }
    }
    using chain = new nn.Sequential(new nn.Linear(2, 2), new Tidy(), new nn.Linear(2, 1));
    for (const module of chain.modules()) module.registerFullBackwardHook(() => undefined);
    const step = (): void => {
      using x = torch.ones([3, 2]);
      using y = chain.call(x);
      using sum = y.sum();
      sum.backward();
    };
    step();
    const live = torch.memory.live().tensors;
    step();
    step();
    expect(torch.memory.live().tensors).toBe(live);
  });
});
