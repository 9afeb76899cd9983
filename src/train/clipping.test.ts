import { afterEach, beforeEach, expect, it } from "vitest";
import type { Model } from "../models/index.ts";
import { OptimizationConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";
import { clipGradients, gradientNorm } from "./clipping.ts";

/** Two parameters, of 2 and of 1 numbers. */
class Weights extends torch.nn.Module {
  readonly a = new torch.nn.Parameter(torch.zeros([2]));
  readonly b = new torch.nn.Parameter(torch.zeros([1]));
  override forward(): torch.Tensor {
    return this.a;
  }
}

let live = 0;
let weights: Weights;
beforeEach(() => {
  live = torch.memory.live().tensors;
  weights = new Weights();
});
afterEach(() => {
  weights.dispose();
  expect(torch.memory.live().tensors).toBe(live);
});

const model = () => weights as unknown as Model;
/** Gives the parameters these gradients. */
function give(a: number[], b: number | null): void {
  using _scope = torch.scope();
  weights.a.mul(torch.tensor(a)).sum().backward();
  if (b !== null) weights.b.mul(b).sum().backward();
}
const gradients = () => {
  using _scope = torch.scope();
  return [weights.a, weights.b].flatMap(({ grad }) => [...((grad?.toTypedArray() ?? []) as Float32Array)]);
};
const norm = (type: number) => {
  using _scope = torch.scope();
  return gradientNorm(model(), type, null).item();
};
const clip = (options: ConstructorParameters<typeof OptimizationConfig>[0]) =>
  clipGradients(model(), new OptimizationConfig(options), null);
const close = (expected: readonly number[]) => {
  const got = gradients();
  expect(got.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(got[i]).toBeCloseTo(value, 5);
};

it("is the norm of all gradients together", () => {
  expect(norm(2)).toBe(0);
  give([3, -4], 12);
  expect([norm(2), norm(1), norm(Number.POSITIVE_INFINITY)]).toEqual([13, 19, 12]);
});

it("limits each value first, and then the norm", () => {
  give([3, -4], 0.5);
  clip({ clipGradValue: 2, clipGradNorm: 1 });
  // the norm of (2, −2, 0.5) is √8.25
  close([2, -2, 0.5].map((value) => value / Math.sqrt(8.25)));
});

it.each([
  [{ clipGradNorm: 6.5 }, [1.5, -2, 6]],
  [{ clipGradNorm: 13.1 }, [3, -4, 12]],
  [{ clipGradNorm: 9.5, gradNormType: 1 }, [1.5, -2, 6]],
  [{ clipGradNorm: 3, gradNormType: Number.POSITIVE_INFINITY }, [0.75, -1, 3]],
  [{ clipGradNorm: 0 }, [0, 0, 0]],
  [{ clipGradValue: 3.5 }, [3, -3.5, 3.5]],
  [{ clipGradValue: 0 }, [0, 0, 0]],
  [{}, [3, -4, 12]],
])("%o makes (3, −4, 12) %o", (options, expected) => {
  give([3, -4], 12);
  clip(options);
  close(expected);
});

it("passes over what has no gradient", () => {
  clip({ clipGradNorm: 1, clipGradValue: 1 });
  expect(gradients()).toEqual([]);
  give([3, -4], null);
  clip({ clipGradNorm: 1 });
  close([0.6, -0.8]);
});
