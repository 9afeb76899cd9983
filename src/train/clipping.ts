import type { Model } from "../models/index.ts";
import type { OptimizationConfig } from "../optim/index.ts";
import * as torch from "../torch/index.ts";

/**
 * Limits the gradients, which must be unscaled: each value first, then the norm of all together.
 * @returns the norm before it was limited; null when it is not limited.
 */
export function clipGradients(model: Model, optimization: OptimizationConfig): number | null {
  const { clipGradValue, clipGradNorm, gradNormType } = optimization;
  if (clipGradValue === null && clipGradNorm === null) return null;
  using _scope = torch.scope();
  using _grad = torch.noGrad();
  const gradients: torch.Tensor[] = [];
  for (const parameter of model.parameters()) {
    const gradient = parameter.grad;
    if (gradient !== null) gradients.push(gradient);
  }
  if (gradients.length === 0) return null;
  if (clipGradValue !== null) for (const gradient of gradients) gradient.clamp_(-clipGradValue, clipGradValue);
  if (clipGradNorm === null) return null;
  const norms = torch.stack(gradients.map((gradient) => torch.linalgVectorNorm(gradient, gradNormType)));
  const total = torch.linalgVectorNorm(norms, gradNormType).item();
  // PyTorch's own small number, so that the same gradients are clipped to the same values
  const factor = Math.min(clipGradNorm / (total + 1e-6), 1);
  if (factor < 1) for (const gradient of gradients) gradient.mul_(factor);
  return total;
}
