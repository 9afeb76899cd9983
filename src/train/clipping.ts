import type { Model } from "../models/index.ts";
import type { OptimizationConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";

type Shards = torch.nn.parallel.Shards;

function gradientsOf(model: Model): torch.Tensor[] {
  return [...model.parameters()].flatMap((parameter) => parameter.grad ?? []);
}

/** The norm of all gradients together, of the given type; 0 where there are none. Belongs to the open scope. */
export function gradientNorm(model: Model, type: number, shards: Shards | null): torch.Tensor {
  if (shards !== null) return shards.gradientNorm(type);
  using _grad = torch.noGrad();
  const norms = gradientsOf(model).map((gradient) => torch.linalgVectorNorm(gradient, type));
  return norms.length === 0 ? torch.tensor(0) : torch.linalgVectorNorm(torch.stack(norms), type);
}

/**
 * Limits the gradients, which must be unscaled: each value first, then the norm of all together. As in PyTorch, with its
 * own small number, so that the same gradients are clipped to the same values.
 */
export function clipGradients(model: Model, optimization: OptimizationConfig, shards: Shards | null): void {
  const { clipGradValue, clipGradNorm, gradNormType } = optimization;
  using _scope = torch.scope();
  const { clipGradNorm_, clipGradValue_ } = torch.nn.utils;
  if (clipGradValue !== null) clipGradValue_(model.parameters(), clipGradValue);
  if (clipGradNorm !== null && shards !== null) shards.clipGradNorm_(clipGradNorm, gradNormType);
  else if (clipGradNorm !== null) clipGradNorm_(model.parameters(), clipGradNorm, { normType: gradNormType });
}
