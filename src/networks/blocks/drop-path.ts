import * as torch from "../../torch/index.ts";
import { nn, type Tensor } from "../../torch/index.ts";

/**
 * In training, makes each sample zero with probability `p` and divides the others by `1 - p` (Huang et al., 2016). In evaluation, or with p = 0, what
 * comes out is what went in, the same object.
 */
export class DropPath extends nn.Dropout {
  override forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x;
    const { dtype, device } = x;
    using ones = torch.ones([x.size(0), ...x.shape.slice(1).map(() => 1)], { dtype, device });
    using kept = super.forward(ones);
    return x.mul(kept);
  }
}
