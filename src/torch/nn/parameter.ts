import { Tensor } from "../tensor.ts";

/**
 * A tensor that a `Module` recognises as one of its parameters when it is a property of it.
 *
 * It takes over `data`, which cannot be used afterwards, and belongs to no scope: it lives until it, or its module, is
 * disposed.
 *
 * ```ts
 * class Scale extends nn.Module {
 *   factor = new nn.Parameter(torch.ones([1]));
 *   override forward(x: Tensor): Tensor {
 *     return x.mul(this.factor);
 *   }
 * }
 * ```
 */
export class Parameter extends Tensor {
  /**
   * @param data a tensor without a history
   * @param requiresGrad whether gradients are computed for it; floating-point tensors only
   */
  constructor(data: Tensor, requiresGrad = true) {
    if (!data.isLeaf) {
      throw new TypeError(`Parameter: the tensor is the result of ${data.gradFn}; detach() it first.`);
    }
    super(data.surrender("Parameter", (handle) => handle));
    this.keep();
    this.requiresGrad = requiresGrad;
  }
}
