import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import * as torch from "./index.ts";

let before: ReturnType<typeof torch.memory.live>;
beforeEach(() => {
  before = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live()).toEqual(before);
});

const cube = torch.autograd.defineFunction({
  name: "Cube",
  forward(ctx, x: torch.Tensor) {
    ctx.saveForBackward(x);
    return x.mul(x).mul(x);
  },
  backward(ctx, gradient) {
    const [x] = ctx.savedTensors;
    return gradient && x ? gradient.mul(x.mul(x)).mul(3) : null;
  },
});

describe("a function with a backward pass of one's own", () => {
  it("has values and gradients, and gradients of gradients", () => {
    using _ = torch.scope();
    const x = torch.tensor([1, 2, -3]).requiresGrad_();
    const y = cube(x);
    expect(y.toNumbers()).toEqual([1, 8, -27]);
    expect(y.gradFn).toBe("Cube");
    const [first] = torch.autograd.grad(y.sum(), x, { createGraph: true });
    expect(first?.toNumbers()).toEqual([3, 12, 27]);
    first?.sum().backward();
    expect(x.grad?.toNumbers()).toEqual([6, 12, -18]);
  });

  it("leaves no tensor behind outside of scopes, and frees what it saved with the graph", () => {
    const x = torch.ones([1000]).requiresGrad_();
    const y = cube(x);
    const total = y.sum();
    y.dispose();
    total.backward();
    total.dispose();
    x.dispose();
    const z = torch.ones([1000]).requiresGrad_();
    cube(z).dispose();
    z.dispose();
  });

  it("saves outputs, takes several inputs, gives several outputs and null gradients", () => {
    using _ = torch.scope();
    const f = torch.autograd.defineFunction({
      name: "ExpAndScale",
      forward(ctx, x: torch.Tensor, factor: torch.Tensor) {
        const e = x.exp();
        ctx.saveForBackward(e, factor);
        ctx.data = "kept";
        return [e, x.mul(factor)] as const;
      },
      backward(ctx, de, dscaled) {
        expect(ctx.data).toBe("kept");
        expect(ctx.needsInputGrad).toEqual([true, false]);
        const [e, factor] = ctx.savedTensors as [torch.Tensor, torch.Tensor];
        const parts = [de?.mul(e), dscaled?.mul(factor)].filter((part) => part !== undefined);
        return [parts.length === 2 ? parts[0]!.add(parts[1]!) : (parts[0] ?? null), null];
      },
    });
    const x = torch.tensor([0, 1]).requiresGrad_();
    const [e, scaled] = f(x, torch.tensor(5));
    e.sum().add(scaled.sum()).backward();
    for (const [i, value] of (x.grad?.toNumbers() ?? []).entries()) expect(value).toBeCloseTo(Math.exp(i) + 5, 5);
    // only one of the outputs has a gradient
    x.grad = null;
    f(x, torch.tensor(5))[1].sum().backward();
    expect(x.grad).not.toBeNull();
  });

  it("is a plain computation where no gradient is wanted", () => {
    using _ = torch.scope();
    const y = torch.noGrad(() => cube(torch.ones([2]).requiresGrad_()));
    expect(y.requiresGrad).toBe(false);
    expect(cube(torch.ones([2])).requiresGrad).toBe(false);
  });

  it("throws what its backward pass throws, and says what it should have given", () => {
    using _ = torch.scope();
    const make = (backward: () => never) =>
      torch.autograd.defineFunction({ name: "Bad", forward: (_ctx, x: torch.Tensor) => x.mul(1), backward });
    const run = (backward: () => unknown) => () =>
      make(backward as never)(torch.ones([2]).requiresGrad_())
        .sum()
        .backward();
    expect(
      run(() => {
        throw new RangeError("mine");
      }),
    ).toThrow("mine");
    expect(run(() => [null, null])).toThrow("backward returned 2 gradients for 1 inputs");
    expect(run(() => 5)).toThrow();
    expect(run(() => [5])).toThrow("backward returned 5. Expected a Tensor or null");
    expect(run(() => torch.ones([3]))).toThrow("invalid gradient");
    const identity = torch.autograd.defineFunction({
      name: "Same",
      forward: (_ctx, x: torch.Tensor) => x,
      backward: (_ctx, g) => g,
    });
    expect(() => identity(torch.ones([1]).requiresGrad_())).toThrow("Same: forward returned one of its inputs");
  });

  it("says that a second backward needs the graph to be retained", () => {
    using _ = torch.scope();
    const x = torch.ones([2]).requiresGrad_();
    const y = cube(x).sum();
    y.backward(null, { retainGraph: true });
    y.backward();
    expect(x.grad?.toNumbers()).toEqual([6, 6]);
    expect(() => y.backward()).toThrow("a second time");
  });

  it("stays on its thread", async () => {
    const engine = new URL("./index.ts", import.meta.url).href;
    const worker = new Worker(
      `const { parentPort } = require("node:worker_threads"); import(${JSON.stringify(engine)}).then((torch) => {
        const f = torch.autograd.defineFunction({ name: "F", forward: (ctx, x) => x.mul(2), backward: (ctx, g) => g });
        parentPort.postMessage(torch.transfer.release(f(torch.ones([2]).requiresGrad_())));
      });`,
      { eval: true },
    );
    const id = await new Promise<number>((resolve, reject) => worker.once("message", resolve).once("error", reject));
    await new Promise((resolve) => worker.once("exit", resolve));
    using y = torch.transfer.adopt(id);
    using total = y.sum();
    expect(() => total.backward()).toThrow("thread has ended");
  });
});
