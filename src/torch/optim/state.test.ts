/** States that do not fit, groups that come later, and parameters given in the wrong way. */
import { describe, expect, it } from "vitest";
import { expectNothingLeft } from "../fixtures/nothing-left.ts";
import * as torch from "../index.ts";
import type { OptimizerStateDict } from "./param-group.ts";

const { Adadelta, Adagrad, Adam, AdamW, Lion, NAdam, RAdam, RMSprop, SGD } = torch.optim;

expectNothingLeft();

const optimizers = [
  ["Adam", (p: torch.Tensor[]) => new Adam(p, { amsgrad: true })],
  ["AdamW", (p: torch.Tensor[]) => new AdamW(p)],
  ["Lion", (p: torch.Tensor[]) => new Lion(p)],
  ["NAdam", (p: torch.Tensor[]) => new NAdam(p)],
  ["RAdam", (p: torch.Tensor[]) => new RAdam(p)],
  ["SGD", (p: torch.Tensor[]) => new SGD(p, { momentum: 0.9 })],
  ["Adagrad", (p: torch.Tensor[]) => new Adagrad(p)],
  ["Adadelta", (p: torch.Tensor[]) => new Adadelta(p)],
  ["RMSprop", (p: torch.Tensor[]) => new RMSprop(p, { momentum: 0.9, centered: true })],
] as const;

/** One step of an optimizer of parameters of this size, and its state. */
function stateAfterStep(make: (p: torch.Tensor[]) => torch.optim.Optimizer, size: number): OptimizerStateDict {
  const p = torch.ones([size]).requiresGrad_();
  const optimizer = make([p]);
  p.grad = torch.ones([size]);
  optimizer.step();
  return optimizer.stateDict();
}

describe.each(optimizers)("a state of another shape (%s)", (_name, make) => {
  it.each([
    [2, 1000],
    [7, 2],
    [1000, 2],
  ])("of %d elements is refused for a parameter of %d, and changes nothing", (saved, own) => {
    using _ = torch.scope();
    const p = torch.ones([own]).requiresGrad_();
    const optimizer = make([p]);
    p.grad = torch.ones([own]);
    optimizer.step();
    const numbers = () =>
      Object.values(optimizer.stateDict().state.get(0) ?? {}).map((t) => (t as torch.Tensor).toNumbers());
    const was = numbers();
    const foreign = stateAfterStep(make, saved);
    foreign.param_groups[0] = { ...foreign.param_groups[0], lr: 0.5 };
    expect(() => optimizer.loadStateDict(foreign)).toThrow(`has the shape [${saved}], its parameter [${own}]`);
    expect(numbers()).toEqual(was);
    expect(optimizer.paramGroups[0]?.lr).not.toBe(0.5);
    optimizer.step();
    optimizer.dispose();
    for (const held of Object.values(foreign.state.get(0) ?? {})) (held as torch.Tensor).dispose();
  });
});

describe("loadStateDict", () => {
  it("takes options that PyTorch saved as tensors for numbers", () => {
    using _ = torch.scope();
    const p = torch.ones([2]).requiresGrad_();
    const optimizer = new Adam([p]);
    const state = optimizer.stateDict();
    optimizer.loadStateDict({ ...state, param_groups: [{ ...state.param_groups[0], lr: torch.tensor(0.25) }] });
    expect(optimizer.paramGroups[0]?.lr).toBe(0.25);
    p.grad = torch.ones([2]);
    optimizer.step();
    // the first step of Adam is lr · g/(|g| + ε)
    for (const value of p.toNumbers()) expect(value).toBeCloseTo(0.75, 6);
    optimizer.dispose();
  });

  it("refuses options that its constructor would, and leaves the optimizer as it was", () => {
    using _ = torch.scope();
    const p = torch.ones([2]).requiresGrad_();
    const optimizer = new Adam([p], { lr: 0.125 });
    const state = optimizer.stateDict();
    const load = (changes: object) => () =>
      optimizer.loadStateDict({ ...state, param_groups: [{ ...state.param_groups[0], ...changes }] });
    expect(load({ lr: -1 })).toThrow("'lr' got -1");
    expect(load({ lr: "fast" })).toThrow("'lr' got 'fast'");
    expect(load({ betas: [0.9] })).toThrow("betas");
    expect(load({ lr: torch.ones([3]) })).toThrow("'lr' is a tensor of shape [3]");
    expect(load({ params: undefined })).toThrow("'params' got undefined");
    expect(load({ params: [0, 1] })).toThrow("the saved groups have 2 parameters, this optimizer's have 1");
    expect(() => optimizer.loadStateDict({ ...state, state: { 0: { exp_avg: "no" } } })).toThrow("'exp_avg'");
    expect(optimizer.paramGroups[0]).toMatchObject({ lr: 0.125, betas: [0.9, 0.999] });
    expect(optimizer.stateDict().state.size).toBe(0);
  });
});

describe("addParamGroup", () => {
  it("adds parameters with options of their own, and no parameter twice", () => {
    using _ = torch.scope();
    const [a, b] = [torch.ones([1]).requiresGrad_(), torch.ones([1]).requiresGrad_()];
    const optimizer = new SGD([a], { lr: 0.5 });
    optimizer.addParamGroup({ params: [b], lr: 0.25, name: "late" });
    a.grad = torch.ones([1]);
    b.grad = torch.ones([1]);
    optimizer.step();
    expect([a.item(), b.item()]).toEqual([0.5, 0.75]);
    expect(optimizer.paramGroups.map(({ name, lr }) => [name, lr])).toEqual([
      [undefined, 0.5],
      ["late", 0.25],
    ]);
    expect(() => optimizer.addParamGroup({ params: [a] })).toThrow("a parameter is in two groups");
    expect(() => optimizer.addParamGroup({ params: [torch.ones([1])], lr: -1 })).toThrow("'lr' got -1");
    expect(optimizer.paramGroups).toHaveLength(2);
  });
});

it("parameters given in the wrong way are named", () => {
  using net = new torch.nn.Linear(2, 1);
  expect(() => new SGD((() => net.parameters()) as never)).toThrow("Write model.parameters(), with the parentheses");
  expect(() => new SGD(net as never)).toThrow("Expected tensors, or groups of them");
  expect(() => new SGD([[...net.parameters()]] as never)).toThrow("a group of parameters got");
  expect(() => new SGD([{ params: net } as never])).toThrow("'params' of a group got [Linear]");
  expect(() => new SGD(net.parameters(), 0.1 as never)).toThrow("SGD");
});
