/** Layers, losses and initial values against what PyTorch computed (`test/golden/nn_golden.py`). */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectDrawn } from "../fixtures/close.ts";
import * as torch from "../index.ts";
import type { Tensor } from "../tensor.ts";
import { checkLayer, checkLoss, computed, expectSame, golden } from "./fixtures/golden-cases.ts";
import * as nn from "./index.ts";

let before: { tensors: number };
beforeEach(() => {
  before = torch.memory.live();
});
afterEach(() => {
  expect(torch.memory.live().tensors).toBe(before.tensors);
});

describe("layers", () => {
  it.each(golden.layers.map((c, i) => [i, c.repr, c] as const))("%i %s", (_i, _repr, c) => checkLayer(c));
});

describe("losses", () => {
  it.each(golden.losses.map((c, i) => [i, c.class, JSON.stringify(c.options), c] as const))(
    "%i %s %s",
    (_i, _name, _o, c) => checkLoss(c),
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
