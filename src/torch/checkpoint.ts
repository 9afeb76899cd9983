import { autocast } from "./amp/index.ts";
import { enableGrad, grad, isGradEnabled } from "./autograd.ts";
import { defineFunction } from "./function.ts";
import { native } from "./native.ts";
import { recomputing, runningFirst } from "./nn/recompute.ts";
import * as random from "./random.ts";
import type { Tensor } from "./tensor.ts";
import type { DType } from "./types.ts";

/** What can be run again: a module. */
export interface Recomputable {
  call(x: Tensor): Tensor;
  parameters(): Iterable<Tensor>;
}

/**
 * Runs a part of a network without keeping what its gradients need: the backward pass computes it again. A network of n
 * such parts holds the intermediates of one, at the cost of a second forward pass (Chen et al. 2016, arXiv 1604.06174).
 *
 * The result and the gradients are those of `module.call(x)`, to the last bit: random numbers are drawn again from the
 * same state, mixed precision is as it was, and running statistics are updated once.
 *
 * @param module one input, one output; no weights but those of its `parameters()`
 * @example
 * ```ts
 * using scope = torch.scope();
 * const block = new torch.nn.Sequential(new torch.nn.Linear(4, 4), new torch.nn.ReLU());
 * const x = torch.ones([2, 4]).requiresGrad_();
 * const y = torch.utils.checkpoint(block, x); // in place of block.call(x)
 * y.sum().backward();
 * console.log(y.shape, x.grad?.shape); // → [ 2, 4 ] [ 2, 4 ]
 * ```
 */
export function checkpoint(module: Recomputable, x: Tensor): Tensor {
  if (!isGradEnabled()) return module.call(x);
  const device = x.device.split(":")[0] ?? "cpu";
  const [enabled, dtype] = native.autocast(device);
  const run = (input: Tensor): Tensor => autocast(device, { enabled, dtype: dtype as DType }, () => module.call(input));
  const parameters = [...module.parameters()];
  const state = random.getState(x.device);

  const recomputed = defineFunction<readonly Tensor[], Tensor>({
    name: "Checkpoint",
    forward(ctx, input) {
      if (input === undefined) throw new TypeError("checkpoint: there is no input.");
      ctx.saveForBackward(input, state);
      const output = runningFirst(input, () => module.call(input));
      return output === input ? input.clone() : output;
    },
    backward(ctx, gradient) {
      const [input, drawn] = ctx.savedTensors;
      if (input === undefined || drawn === undefined || gradient === null || gradient === undefined) {
        return ctx.needsInputGrad.map(() => null);
      }
      // gradients of gradients go on through the input itself
      const connected = isGradEnabled() || !ctx.needsInputGrad[0];
      const again = connected ? input : input.detach().requiresGrad_();
      const wanted = [again, ...parameters].filter((_, i) => ctx.needsInputGrad[i] === true);
      const createGraph = isGradEnabled();
      const found = random.fork(() => {
        random.setState(drawn, input.device);
        const output = recomputing(() => enableGrad(() => run(again)));
        return grad(output, wanted, { gradients: [gradient], createGraph, allowUnused: true });
      }, input.device);
      return ctx.needsInputGrad.map((needed) => (needed ? (found.shift() ?? null) : null));
    },
  });
  try {
    return recomputed(x, ...parameters);
  } finally {
    state.dispose();
  }
}
