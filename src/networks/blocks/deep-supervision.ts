import { nn, type Tensor } from "../../torch/index.ts";

/**
 * A network that gives an image, and with `deepSupervision` in training one at each of several sizes, each of which a loss compares with the
 * labels at that size (Lee et al., 2015).
 */
export abstract class DeeplySupervised extends nn.Module<[Tensor], Tensor | readonly Tensor[]> {
  abstract readonly config: { readonly deepSupervision: boolean };

  /**
   * The images, the largest first.
   * @param all whether there is one of each size, or the largest alone.
   */
  protected abstract outputs(x: Tensor, all: boolean): Tensor[];

  override forward(x: Tensor): Tensor | readonly Tensor[] {
    const all = this.config.deepSupervision && this.training;
    const outputs = this.outputs(x, all);
    const [only] = outputs;
    return all || only === undefined ? outputs : only;
  }
}
