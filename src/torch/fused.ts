/** Kernels of our own, for what a 3D network spends its time on between convolutions. */
import { type Handle, native } from "./native.ts";
import { Tensor } from "./tensor.ts";

export interface NormActPoolOptions {
  /** γ and β of the normalisation, or null. */
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly runningMean: Tensor | null;
  readonly runningVar: Tensor | null;
  /** Statistics of the batch, or the running ones. */
  readonly training: boolean;
  /** Statistics of each image by itself. */
  readonly instance: boolean;
  /** y > 0 ? y : slope · y. A number (0 is ReLU, 1 no activation) or PReLU's parameter. */
  readonly slope: number | Tensor;
  /** Whether a max-pooling of kernel 2 and stride 2 follows. */
  readonly pool: boolean;
  readonly momentum: number;
  readonly eps: number;
}

/**
 * Batch or instance normalisation, a piecewise linear activation and max-pooling at once, with its gradient.
 * `input`: (N, C, D, H, W), float32, CPU; the result is channels-last. Equal to doing them in turn, up to rounding.
 */
export function normActPool(input: Tensor, options: NormActPoolOptions): Tensor {
  const handle = (t: Tensor | null): Handle | null => (t === null ? null : t.handleFor("normActPool"));
  const { slope } = options;
  return new Tensor(
    native.normActPool(
      input.handleFor("normActPool"),
      handle(options.weight),
      handle(options.bias),
      typeof slope === "number" ? null : handle(slope),
      handle(options.runningMean),
      handle(options.runningVar),
      typeof slope === "number" ? slope : 0,
      options.training,
      options.instance,
      options.pool,
      options.momentum,
      options.eps,
    ),
  );
}
