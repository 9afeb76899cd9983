import { Tensor } from "../tensor.ts";

/**
 * A tensor that a `Module` recognises as one of its parameters when it is a property of it.
 *
 * It takes over `data`, which cannot be used afterwards, and belongs to no scope: it lives until it, or its module, is
 * disposed.
 * @example
 * ```ts
 * class Scale extends torch.nn.Module {
 *   factor = new torch.nn.Parameter(torch.ones([1]));
 *   override forward(x: torch.Tensor): torch.Tensor {
 *     return x.mul(this.factor);
 *   }
 * }
 * console.log([...new Scale().namedParameters()].map(([name]) => name)); // → [ 'factor' ]
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
