import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import * as nn from "./index.ts";

let before: { tensors: number };
beforeEach(() => {
  before = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(before.tensors);
});

/** Adds 1 and remembers what it was given and gave. */
class Spy extends nn.Module {
  readonly seen: Tensor[] = [];
  override forward(x: Tensor): Tensor {
    const y = x.add(1);
    this.seen.push(x, y);
    return y;
  }
}

describe("Sequential", () => {
  it("disposes each intermediate as soon as the next layer has run, but not input and output", () => {
    const [a, b] = [new Spy(), new Spy()];
    const seen: boolean[] = [];
    const last = new (class extends nn.Module {
      override forward(x: Tensor): Tensor {
        seen.push(a.seen[1]!.disposed, b.seen[1]!.disposed);
        return x.add(1);
      }
    })();
    using x = torch.zeros([1]);
    using y = new nn.Sequential(a, b, last).call(x);
    expect(seen).toEqual([true, false]);
    expect(b.seen[1]?.disposed).toBe(true);
    expect(x.disposed).toBe(false);
    expect(y.item()).toBe(3);
  });

  it("leaves what was kept, and what layers hand on unchanged", () => {
    using x = torch.zeros([1]);
    expect(new nn.Sequential().call(x)).toBe(x);
    expect(new nn.Sequential(new nn.Identity(), new nn.Dropout(0)).call(x)).toBe(x);
    const spy = new Spy();
    using y = new nn.Sequential(spy, new nn.Identity(), new nn.ReLU({ inplace: true })).call(x);
    expect(spy.seen[1]).toBe(y);
    expect(y.disposed).toBe(false);
    const keeper = new Spy();
    keeper.registerForwardHook((_m, _i, output) => void (output as Tensor).keep());
    using z = new nn.Sequential(keeper, new Spy()).call(x);
    expect(z.item()).toBe(2);
    expect(keeper.seen[1]?.disposed).toBe(false);
    keeper.seen[1]?.dispose();
  });

  it("gives the gradients of layers called by hand", () => {
    using _ = torch.scope();
    torch.manualSeed(0);
    using first = new nn.Linear(3, 4);
    using second = new nn.Linear(4, 1);
    const x = torch.randn([5, 3]);
    second.call(first.call(x).tanh()).sum().backward();
    const byHand = first.weight.grad!.toArray();
    first.zeroGrad();
    new nn.Sequential(first, new nn.Tanh(), second).call(x).sum().backward();
    expect(first.weight.grad!.toArray()).toEqual(byHand);
  });

  it("names layers by position, or as told, and prints them", () => {
    const named = new nn.Sequential({ convOne: new nn.Identity(), N: new nn.ReLU() });
    expect([...named.namedChildren()].map(([name]) => name)).toEqual(["convOne", "N"]);
    named.append(new nn.Tanh());
    named.addModule("last", new nn.Sigmoid());
    expect(String(named)).toBe(
      "Sequential(\n  (convOne): Identity()\n  (N): ReLU()\n  (2): Tanh()\n  (last): Sigmoid()\n)",
    );
    expect(() => named.addModule("N", new nn.ReLU())).toThrow("attribute 'N' already exists in Sequential");
    expect(named.length).toBe(4);
    expect([...named][1]).toBeInstanceOf(nn.ReLU);
    expect(String(new nn.Sequential())).toBe("Sequential()");
    class ADN extends nn.Sequential {}
    expect(String(new ADN(new nn.ReLU()))).toBe("ADN(\n  (0): ReLU()\n)");
  });
});

describe("ModuleList and ModuleDict", () => {
  it("print repeated modules once", () => {
    const list = new nn.ModuleList([
      new nn.ReLU(),
      new nn.ReLU(),
      new nn.Sequential(new nn.Tanh()),
      new nn.Sequential(new nn.Tanh()),
      new nn.Sigmoid(),
    ]);
    expect(String(list)).toBe(`ModuleList(
  (0-1): 2 x ReLU()
  (2-3): 2 x Sequential(
    (0): Tanh()
  )
  (4): Sigmoid()
)`);
    expect(String(new nn.ModuleList())).toBe("ModuleList()");
    expect(list.at(-1)).toBeInstanceOf(nn.Sigmoid);
  });

  it("register what they hold", () => {
    class Net extends nn.Module {
      blocks = new nn.ModuleList([new nn.Linear(1, 1), new nn.Linear(1, 1)]);
      heads = new nn.ModuleDict({ ageHead: new nn.Linear(1, 1, { bias: false }) });
    }
    using net = new Net();
    expect([...net.stateDict().keys()]).toEqual([
      "blocks.0.weight",
      "blocks.0.bias",
      "blocks.1.weight",
      "blocks.1.bias",
      "heads.ageHead.weight",
    ]);
    expect(net.heads.get("ageHead")?.bias).toBeNull();
    expect(net.heads.has("sex")).toBe(false);
    expect([...net.heads.keys()]).toEqual(["ageHead"]);
  });
});
