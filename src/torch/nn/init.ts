/**
 * Initial values of parameters. Each function fills its tensor in place, without recording gradients, and returns it.
 * The draws are PyTorch's: after the same seed, the same numbers.
 */
import { knownOptions } from "../arguments.ts";
import { noGrad } from "../autograd.ts";
import type { Generator } from "../generator.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { checkOneOf } from "../words.ts";

/** `generator`: the random stream to draw from; default: that of the device. */
export interface DrawOptions {
  /** Where numbers are drawn from; default: the global generator. */
  readonly generator?: Generator | undefined;
}
const FAN_MODES = ["fan_in", "fan_out"] as const;
export type FanMode = (typeof FAN_MODES)[number];
const NONLINEARITIES = [
  "linear",
  "conv1d",
  "conv2d",
  "conv3d",
  "conv_transpose1d",
  "conv_transpose2d",
  "conv_transpose3d",
  "sigmoid",
  "tanh",
  "relu",
  "leaky_relu",
  "selu",
] as const;
export type Nonlinearity = (typeof NONLINEARITIES)[number];
export interface KaimingOptions extends DrawOptions {
  /** Negative slope of the leaky ReLU that follows; default 0. */
  readonly a?: number | undefined;
  /** Whether the variance is kept in the forward ("fan_in", default) or the backward pass. */
  readonly mode?: FanMode | undefined;
  /** Default "leaky_relu". */
  readonly nonlinearity?: Nonlinearity | undefined;
}
export interface XavierOptions extends DrawOptions {
  /** Default 1. */
  readonly gain?: number | undefined;
}

function drawn(options: DrawOptions): { generator?: Generator } {
  return options.generator === undefined ? {} : { generator: options.generator };
}

/**
 * The factor by which a nonlinearity asks to scale the standard deviation. `param`: the slope of "leaky_relu" (0.01).
 * @example
 * ```ts
 * console.log(torch.nn.init.calculateGain("relu") === Math.sqrt(2)); // → true
 * ```
 */
export function calculateGain(nonlinearity: Nonlinearity, param: number | null = null): number {
  checkOneOf("nn.init.calculateGain", "nonlinearity", nonlinearity, NONLINEARITIES);
  switch (nonlinearity) {
    case "tanh":
      return 5 / 3;
    case "relu":
      return Math.sqrt(2);
    case "leaky_relu":
      return Math.sqrt(2 / (1 + (param ?? 0.01) ** 2));
    case "selu":
      return 3 / 4;
    case "linear":
    case "conv1d":
    case "conv2d":
    case "conv3d":
    case "conv_transpose1d":
    case "conv_transpose2d":
    case "conv_transpose3d":
    case "sigmoid":
      return 1;
  }
}

/**
 * The numbers of inputs and outputs of one unit of a layer with this weight, as [fanIn, fanOut].
 * @example
 * ```ts
 * using layer = new torch.nn.Conv3d(2, 8, 3);
 * console.log(torch.nn.init.fanInAndFanOut(layer.weight)); // → [ 54, 216 ]
 * ```
 */
export function fanInAndFanOut(weight: Tensor): readonly [number, number] {
  const [out, into, ...kernel] = weight.shape;
  if (out === undefined || into === undefined) {
    throw new RangeError(
      `Fan in and fan out can not be computed for tensor with fewer than 2 dimensions (the shape is [${weight.shape.join(", ")}])`,
    );
  }
  const receptiveField = kernel.reduce((a, b) => a * b, 1);
  return [into * receptiveField, out * receptiveField];
}

/**
 * U(a, b).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const x = torch.nn.init.uniform_(torch.empty([100]), 2, 3);
 * console.log(x.min().item() >= 2, x.max().item() <= 3); // → true true
 * ```
 */
export function uniform_<T extends Tensor>(tensor: T, a = 0, b = 1, options: DrawOptions = {}): T {
  using _ = noGrad();
  ops.uniform_(tensor, a, b, drawn(options));
  return tensor;
}

/**
 * N(mean, std²).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const x = torch.nn.init.normal_(torch.empty([10_000]), 5, 0.1);
 * console.log(x.mean().item().toFixed(1)); // → 5.0
 * ```
 */
export function normal_<T extends Tensor>(tensor: T, mean = 0, std = 1, options: DrawOptions = {}): T {
  using _ = noGrad();
  ops.normal_(tensor, mean, std, drawn(options));
  return tensor;
}

/**
 * N(mean, std²) restricted to [a, b] (absolute bounds, default -2 and 2), by the inverse of its distribution.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const x = torch.nn.init.truncNormal_(torch.empty([1000]), { std: 2, a: -1, b: 1 });
 * console.log(x.abs().max().item() <= 1); // → true
 * ```
 */
export function truncNormal_<T extends Tensor>(
  tensor: T,
  options: DrawOptions & {
    readonly mean?: number | undefined;
    readonly std?: number | undefined;
    readonly a?: number | undefined;
    readonly b?: number | undefined;
  } = {},
): T {
  const { mean = 0, std = 1, a = -2, b = 2 } = options;
  using _ = noGrad();
  ops.uniform_(tensor, 2 * normalCdf((a - mean) / std) - 1, 2 * normalCdf((b - mean) / std) - 1, drawn(options));
  ops.erfinv_(tensor);
  ops.mul_(tensor, std * Math.sqrt(2));
  ops.add_(tensor, mean);
  ops.clamp_(tensor, a, b);
  return tensor;
}

function normalCdf(x: number): number {
  using point = ops.full([], x / Math.sqrt(2), { dtype: "float64" });
  using erf = ops.erf(point);
  return (1 + erf.item()) / 2;
}

/**
 * Every element is `value`.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * torch.nn.init.constant_(layer.weight, 0.5);
 * console.log(layer.weight.toArray()); // → [ [ 0.5, 0.5, 0.5, 0.5 ], [ 0.5, 0.5, 0.5, 0.5 ] ]
 * ```
 */
export function constant_<T extends Tensor>(tensor: T, value: number): T {
  using _ = noGrad();
  ops.fill_(tensor, value);
  return tensor;
}

/**
 * Every element is 1.
 * @example
 * ```ts
 * using x = torch.nn.init.ones_(torch.empty([3]));
 * console.log(x.toNumbers()); // → [ 1, 1, 1 ]
 * ```
 */
export function ones_<T extends Tensor>(tensor: T): T {
  return constant_(tensor, 1);
}

/**
 * Every element is 0.
 * @example
 * ```ts
 * using x = torch.nn.init.zeros_(torch.empty([3]));
 * console.log(x.toNumbers()); // → [ 0, 0, 0 ]
 * ```
 */
export function zeros_<T extends Tensor>(tensor: T): T {
  return constant_(tensor, 0);
}

/**
 * U(-√3 s, √3 s) with s = gain · √(2 / (fanIn + fanOut)) (Glorot and Bengio, 2010).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.Linear(3, 3);
 * torch.nn.init.xavierUniform_(layer.weight); // U(-1, 1), since 3 + 3 = 6
 * console.log(layer.weight.abs().max().item() <= 1); // → true
 * ```
 */
export function xavierUniform_<T extends Tensor>(tensor: T, options: XavierOptions = {}): T {
  const bound = Math.sqrt(3) * xavierStd(tensor, options);
  return uniform_(tensor, -bound, bound, options);
}

/**
 * N(0, s²) with s = gain · √(2 / (fanIn + fanOut)) (Glorot and Bengio, 2010).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const weight = torch.nn.init.xavierNormal_(torch.empty([100, 100]), { gain: 5 }); // of a deviation of 5 · √(2 / 200)
 * console.log(weight.std().item().toFixed(1)); // → 0.5
 * ```
 */
export function xavierNormal_<T extends Tensor>(tensor: T, options: XavierOptions = {}): T {
  return normal_(tensor, 0, xavierStd(tensor, options), options);
}

function xavierStd(tensor: Tensor, options: XavierOptions): number {
  const { gain = 1 } = knownOptions("nn.init.xavier", [options], ["gain", "generator"]);
  const [fanIn, fanOut] = fanInAndFanOut(tensor);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/**
 * U(-√3 s, √3 s) with s = gain / √fan (He et al., 2015).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.Conv2d(6, 4, 1);
 * torch.nn.init.kaimingUniform_(layer.weight, { nonlinearity: "relu" }); // U(-1, 1), since 6 numbers make one
 * console.log(layer.weight.abs().max().item() <= 1); // → true
 * ```
 */
export function kaimingUniform_<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  if (tensor.numel() === 0) return tensor;
  const bound = Math.sqrt(3) * kaimingStd(tensor, options);
  return uniform_(tensor, -bound, bound, options);
}

/**
 * N(0, s²) with s = gain / √fan (He et al., 2015).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const weight = torch.nn.init.kaimingNormal_(torch.empty([100, 200]), { nonlinearity: "relu" }); // of a deviation of √(2 / 200)
 * console.log(weight.std().item().toFixed(1)); // → 0.1
 * ```
 */
export function kaimingNormal_<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  if (tensor.numel() === 0) return tensor;
  return normal_(tensor, 0, kaimingStd(tensor, options), options);
}

function kaimingStd(tensor: Tensor, options: KaimingOptions): number {
  const given = knownOptions("nn.init.kaiming", [options], ["a", "mode", "nonlinearity", "generator"]);
  const { a = 0, mode = "fan_in", nonlinearity = "leaky_relu" } = given;
  checkOneOf("nn.init.kaiming", "mode", mode, FAN_MODES);
  const [fanIn, fanOut] = fanInAndFanOut(tensor);
  return calculateGain(nonlinearity, a) / Math.sqrt(mode === "fan_in" ? fanIn : fanOut);
}

/**
 * A matrix (rows × the rest) with orthonormal rows or columns, times `gain` (Saxe et al., 2013).
 * @example
 * ```ts
 * using scope = torch.scope();
 * const weight = torch.nn.init.orthogonal_(torch.empty([2, 5]));
 * const product = weight.matmul(weight.t()); // of each row with each
 * console.log(product.sub(torch.eye(2)).abs().max().item() < 1e-6); // → true
 * ```
 */
export function orthogonal_<T extends Tensor>(tensor: T, options: XavierOptions = {}): T {
  const [rows] = tensor.shape;
  if (rows === undefined || tensor.ndim < 2)
    throw new RangeError("orthogonal_: only tensors with 2 or more dimensions are supported.");
  if (tensor.numel() === 0) return tensor;
  using _ = noGrad();
  using owned = new DisposableStack();
  const columns = tensor.numel() / rows;
  const drawnMatrix = owned.use(ops.empty([rows, columns], { dtype: tensor.dtype, device: tensor.device }));
  ops.normal_(drawnMatrix, 0, 1, drawn(options));
  const tall = rows < columns ? owned.use(ops.t(drawnMatrix)) : drawnMatrix;
  const [q, r] = ops.linalgQr(tall);
  owned.use(q);
  owned.use(r);
  // The signs of R's diagonal make the distribution uniform over orthogonal matrices.
  const signs = owned.use(ops.sign(owned.use(ops.diagonal(r))));
  ops.mul_(q, signs);
  const oriented = rows < columns ? owned.use(ops.t(q)) : q;
  ops.copy_(tensor, owned.use(ops.reshape(oriented, [...tensor.shape])));
  ops.mul_(tensor, options.gain ?? 1);
  return tensor;
}
