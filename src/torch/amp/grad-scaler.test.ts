import { describe, expect, it } from "vitest";
import * as torch from "../index.ts";
import { SGD } from "../optim/index.ts";
import type { Tensor } from "../tensor.ts";
import { GradScaler } from "./grad-scaler.ts";

function setup(): { x: Tensor; optimizer: SGD; scaler: GradScaler } {
  const x = torch.tensor([2, 3]).requiresGrad_();
  return { x, optimizer: new SGD([x], { lr: 0.1 }), scaler: new GradScaler("cpu", { growthInterval: 2 }) };
}

describe("GradScaler", () => {
  it("makes the step that an unscaled loss makes, and grows", () => {
    const before = torch.memory.live().tensors;
    {
      using _scope = torch.scope();
      const { x, optimizer, scaler } = setup();
      for (let i = 0; i < 3; i++) {
        optimizer.zeroGrad();
        const loss = scaler.scale(x.mul(x).sum());
        loss.backward();
        expect(scaler.step(optimizer)).toBe(true);
        scaler.update();
      }
      expect(x.toArray()).toEqual([expect.closeTo(2 * 0.8 ** 3, 5), expect.closeTo(3 * 0.8 ** 3, 5)]);
      expect(scaler.stateDict()).toEqual({
        scale: 131072,
        growth_factor: 2,
        backoff_factor: 0.5,
        growth_interval: 2,
        _growth_tracker: 1,
      });
      scaler.dispose();
      optimizer.dispose();
    }
    expect(torch.memory.live().tensors).toBe(before);
  });

  it.each([Number.POSITIVE_INFINITY, Number.NaN])("skips a step whose gradients hold %s, and backs off", (bad) => {
    using _scope = torch.scope();
    const { x, optimizer, scaler } = setup();
    scaler.scale(x.sum().mul(bad)).backward();
    expect(scaler.step(optimizer)).toBe(false);
    scaler.update();
    expect(x.toArray()).toEqual([2, 3]);
    expect(scaler.getScale()).toBe(32768);
    scaler.dispose();
  });

  it("unscales once, before the step", () => {
    using _scope = torch.scope();
    const { x, optimizer, scaler } = setup();
    expect(() => scaler.step(optimizer)).toThrow(/scale\(loss\)/);
    scaler.scale(x.sum()).backward();
    expect(x.grad?.toArray()).toEqual([65536, 65536]);
    scaler.unscale_(optimizer);
    expect(x.grad?.toArray()).toEqual([1, 1]);
    expect(() => scaler.unscale_(optimizer)).toThrow(/already/);
    scaler.step(optimizer);
    expect(() => scaler.step(optimizer)).toThrow(/twice/);
    expect(() => scaler.unscale_(optimizer)).toThrow(/before step/);
    expect(x.toArray()).toEqual([expect.closeTo(1.9), expect.closeTo(2.9)]);
    scaler.update(8);
    expect(scaler.getScale()).toBe(8);
    expect(() => scaler.update()).toThrow(/no step\(\)/);
    scaler.dispose();
  });

  it("continues from a state, PyTorch's floats included", () => {
    using _scope = torch.scope();
    using scaler = new GradScaler("cpu");
    const state = { scale: 1024, growth_factor: 3, backoff_factor: 0.25, growth_interval: 5, _growth_tracker: 4 };
    scaler.loadStateDict(state);
    expect(scaler.stateDict()).toEqual(state);
    expect(scaler.scale(torch.tensor(1)).item()).toBe(1024);
    expect(scaler.stateDict()).toEqual(state);
    expect(() => scaler.loadStateDict({})).toThrow(/disabled/);
  });

  it("does nothing when disabled", () => {
    using _scope = torch.scope();
    const { x, optimizer } = setup();
    const scaler = new GradScaler("cuda", { enabled: false });
    scaler.scale(x.sum()).backward();
    scaler.unscale_(optimizer);
    expect(scaler.step(optimizer)).toBe(true);
    scaler.update();
    expect(x.toArray()).toEqual([expect.closeTo(1.9), expect.closeTo(2.9)]);
    expect(scaler.stateDict()).toEqual({});
    expect(scaler.getScale()).toBe(1);
  });
});
