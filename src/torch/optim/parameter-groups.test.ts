import { describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import { nn, optim } from "../index.ts";

describe("parameterGroups", () => {
  const make = () =>
    new nn.Sequential({ conv: new nn.Conv3d(1, 2, 3), norm: new nn.GroupNorm(1, 2), head: new nn.Linear(2, 2) });
  const sizes = (groups: readonly { params: readonly unknown[] }[]) => groups.map(({ params }) => params.length);

  it("gives weight decay to weights only, by a predicate", () => {
    using net = make();
    const groups = optim.parameterGroups(net, [{ params: (_, p) => p.dim() > 1, weightDecay: 0.5, name: "weights" }]);
    expect(sizes(groups)).toEqual([2, 4]);
    using optimizer = new optim.SGD(groups, { lr: 1 });
    expect(optimizer.paramGroups.map(({ weightDecay, name }) => [weightDecay, name])).toEqual([
      [0.5, "weights"],
      [0, undefined],
    ]);
    using _ = torch.scope();
    const before = [...net.parameters()].map((p) => p.detach().clone());
    for (const parameter of net.parameters()) parameter.grad = torch.zerosLike(parameter);
    optimizer.step();
    for (const [i, p] of [...net.parameters()].entries()) {
      const old = before[i] as torch.Tensor;
      expect(torch.equal(p, p.dim() > 1 ? old.mul(0.5) : old)).toBe(true);
    }
    optimizer.zeroGrad();
  });

  it("takes paths and names as well, the first group first, and refuses a group without parameters", () => {
    using net = make();
    const first = { params: "conv", lr: 1 };
    const groups = optim.parameterGroups(net, [first, { params: (name) => name.endsWith("bias"), lr: 2 }]);
    expect(sizes(groups)).toEqual([2, 2, 2]);
    expect(() => optim.parameterGroups(net, [first, { params: "conv.bias", lr: 2 }])).toThrow(/group 1.*'conv.bias'/);
    expect(() => optim.parameterGroups(net, [{ params: "con", lr: 1 }])).toThrow(/takes none/);
    expect(() => optim.parameterGroups(net, [{ params: [] as never, lr: 1 }])).toThrow(/a path, or a function/);
  });
});
