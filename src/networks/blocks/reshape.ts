import { nn, type Tensor } from "../../torch/index.ts";

/** (N, …) → (N, ...shape), named as in MONAI. */
export class Reshape extends nn.Module {
  readonly shape: readonly number[];

  constructor(shape: readonly number[]) {
    super();
    this.shape = [...shape];
  }
  override forward(x: Tensor): Tensor {
    return x.reshape([x.shape[0] ?? 1, ...this.shape]);
  }
}
