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
  call(...inputs: Tensor[]): Tensor;
  parameters(): Iterable<Tensor>;
}

/**
 * Runs a part of a network without keeping what its gradients need: the backward pass computes it again. A network of n
 * such parts holds the intermediates of one, at the cost of a second forward pass (Chen et al. 2016, arXiv 1604.06174).
 *
 * The result and the gradients are those of `module.call(...inputs)`, to the last bit: random numbers are drawn again from the
 * same state, mixed precision is as it was, and running statistics are updated once.
 *
 * `module.checkpointing = true` does the same at each call of a module; `checkpointing` of a training's `computational` at those of a network's blocks.
 *
 * @param module one output; no weights but those of its `parameters()`
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
export function checkpoint(module: Recomputable, ...inputs: Tensor[]): Tensor {
  if (!isGradEnabled()) return module.call(...inputs);
  const [{ device: place } = { device: "cpu" }] = inputs;
  const device = place.split(":")[0] ?? "cpu";
  const [enabled, dtype] = native.autocast(device);
  const run = (given: readonly Tensor[]): Tensor =>
    autocast(device, { enabled, dtype: dtype as DType }, () => module.call(...given));
  const parameters = [...module.parameters()];
  const state = random.getState(place);

  const recomputed = defineFunction<readonly Tensor[], Tensor>({
    name: "Checkpoint",
    forward(ctx, ...given) {
      const seen = given.slice(0, inputs.length);
      ctx.saveForBackward(...seen, state);
      const output = runningFirst(seen, () => module.call(...seen));
      return seen.includes(output) ? output.clone() : output;
    },
    backward(ctx, gradient) {
      const drawn = ctx.savedTensors[inputs.length];
      if (drawn === undefined || gradient === null || gradient === undefined) return ctx.needsInputGrad.map(() => null);
      const createGraph = isGradEnabled();
      // gradients of gradients go on through the inputs themselves
      const again = ctx.savedTensors
        .slice(0, inputs.length)
        .map((input, i) => (createGraph || !ctx.needsInputGrad[i] ? input : input.detach().requiresGrad_()));
      const wanted = [...again, ...parameters].filter((_, i) => ctx.needsInputGrad[i] === true);
      const found = random.fork(() => {
        random.setState(drawn, place);
        const output = recomputing(() => enableGrad(() => run(again)));
        return grad(output, wanted, { gradients: [gradient], createGraph, allowUnused: true });
      }, place);
      return ctx.needsInputGrad.map((needed) => (needed ? (found.shift() ?? null) : null));
    },
  });
  try {
    return recomputed(...inputs, ...parameters);
  } finally {
    state.dispose();
  }
}
