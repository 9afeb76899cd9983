/** Activations, element by element. With `inplace: true` the output is the input, overwritten: the same object. */
import { type Given, knownOptions, notByName, requireNumbers } from "../arguments.ts";
import * as ops from "../ops.ts";
import type { Tensor } from "../tensor.ts";
import { pyFloat } from "./format.ts";
import { constant_ } from "./init.ts";
import { Module } from "./module.ts";
import type { InplaceOptions } from "./options.ts";
import { Parameter } from "./parameter.ts";

abstract class Elementwise extends Module {
  readonly inplace: boolean;

  constructor(layer: string, given: Given<InplaceOptions>) {
    super();
    this.inplace = knownOptions(layer, given, ["inplace"]).inplace ?? false;
  }
  /** What is printed before `inplace`. */
  protected argument(): string {
    return "";
  }
  override extraRepr(): string {
    return [this.argument(), this.inplace ? "inplace=True" : ""].filter((part) => part !== "").join(", ");
  }
}

/**
 * max(0, x).
 * @example
 * ```ts
 * using x = torch.tensor([-1, 0, 2]);
 * using y = new torch.nn.ReLU().call(x);
 * console.log(y.toNumbers()); // → [ 0, 0, 2 ]
 * ```
 */
export class ReLU extends Elementwise {
  constructor(...options: Given<InplaceOptions>) {
    super("ReLU", options);
  }
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.relu_(x) : ops.relu(x);
  }
}

/**
 * min(max(0, x), 6).
 * @example
 * ```ts
 * using x = torch.tensor([-1, 2, 8]);
 * using y = new torch.nn.ReLU6().call(x);
 * console.log(y.toNumbers()); // → [ 0, 2, 6 ]
 * ```
 */
export class ReLU6 extends Elementwise {
  constructor(...options: Given<InplaceOptions>) {
    super("ReLU6", options);
  }
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.relu6_(x) : ops.relu6(x);
  }
}

/**
 * x, or α (eˣ - 1) below 0; α = 1.
 * @example
 * ```ts
 * using x = torch.tensor([-1, 2], { dtype: "float64" });
 * using y = new torch.nn.ELU().call(x);
 * console.log(y.toNumbers().map((v) => v.toFixed(3))); // → [ '-0.632', '2.000' ]
 * ```
 */
export class ELU extends Elementwise {
  readonly alpha: number;
  constructor(alpha = 1, ...options: Given<InplaceOptions>) {
    super("ELU", options);
    requireNumbers("ELU", { alpha });
    this.alpha = alpha;
  }
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.elu_(x, this.alpha) : ops.elu(x, this.alpha);
  }
  protected override argument(): string {
    return `alpha=${pyFloat(this.alpha)}`;
  }
}

/**
 * max(0, x) + min(0, α (e^(x/α) - 1)); α = 1.
 * @example
 * ```ts
 * using x = torch.tensor([-2, 2], { dtype: "float64" });
 * using y = new torch.nn.CELU(2).call(x);
 * console.log(y.toNumbers().map((v) => v.toFixed(3))); // → [ '-1.264', '2.000' ]
 * ```
 */
export class CELU extends Elementwise {
  readonly alpha: number;
  constructor(alpha = 1, ...options: Given<InplaceOptions>) {
    super("CELU", options);
    requireNumbers("CELU", { alpha });
    this.alpha = alpha;
  }
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.celu_(x, this.alpha) : ops.celu(x, this.alpha);
  }
  protected override argument(): string {
    return `alpha=${pyFloat(this.alpha)}`;
  }
}

/**
 * x, or `negativeSlope` (0.01) times x below 0.
 * @example
 * ```ts
 * using x = torch.tensor([-4, 2]);
 * using y = new torch.nn.LeakyReLU(0.25).call(x);
 * console.log(y.toNumbers()); // → [ -1, 2 ]
 * ```
 */
export class LeakyReLU extends Elementwise {
  readonly negativeSlope: number;
  constructor(negativeSlope = 0.01, ...options: Given<InplaceOptions>) {
    super("LeakyReLU", options);
    requireNumbers("LeakyReLU", { negativeSlope });
    this.negativeSlope = negativeSlope;
  }
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.leakyRelu_(x, this.negativeSlope) : ops.leakyRelu(x, this.negativeSlope);
  }
  protected override argument(): string {
    return `negative_slope=${pyFloat(this.negativeSlope)}`;
  }
}

/**
 * The self-normalising ELU (Klambauer et al., 2017).
 * @example
 * ```ts
 * using x = torch.tensor([-1, 2], { dtype: "float64" });
 * using y = new torch.nn.SELU().call(x);
 * console.log(y.toNumbers().map((v) => v.toFixed(3))); // → [ '-1.111', '2.101' ]
 * ```
 */
export class SELU extends Elementwise {
  constructor(...options: Given<InplaceOptions>) {
    super("SELU", options);
  }
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.selu_(x) : ops.selu(x);
  }
}

/**
 * x · tanh(softplus(x)).
 * @example
 * ```ts
 * using x = torch.tensor([-1, 2], { dtype: "float64" });
 * using y = new torch.nn.Mish().call(x);
 * console.log(y.toNumbers().map((v) => v.toFixed(3))); // → [ '-0.303', '1.944' ]
 * ```
 */
export class Mish extends Elementwise {
  constructor(...options: Given<InplaceOptions>) {
    super("Mish", options);
  }
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.mish_(x) : ops.mish(x);
  }
}

/**
 * x · sigmoid(x).
 * @example
 * ```ts
 * using x = torch.tensor([-1, 2], { dtype: "float64" });
 * using y = new torch.nn.SiLU().call(x);
 * console.log(y.toNumbers().map((v) => v.toFixed(3))); // → [ '-0.269', '1.762' ]
 * ```
 */
export class SiLU extends Elementwise {
  constructor(...options: Given<InplaceOptions>) {
    super("SiLU", options);
  }
  override forward(x: Tensor): Tensor {
    return this.inplace ? ops.silu_(x) : ops.silu(x);
  }
}

/**
 * 1 / (1 + e⁻ˣ).
 * @example
 * ```ts
 * using x = torch.tensor([0, 2], { dtype: "float64" });
 * using y = new torch.nn.Sigmoid().call(x);
 * console.log(y.toNumbers().map((v) => v.toFixed(3))); // → [ '0.500', '0.881' ]
 * ```
 */
export class Sigmoid extends Module {
  constructor(...none: []) {
    super();
    knownOptions("Sigmoid", none, []);
  }
  override forward(x: Tensor): Tensor {
    return ops.sigmoid(x);
  }
}

/**
 * The hyperbolic tangent of x.
 * @example
 * ```ts
 * using x = torch.tensor([0, 1], { dtype: "float64" });
 * using y = new torch.nn.Tanh().call(x);
 * console.log(y.toNumbers().map((v) => v.toFixed(3))); // → [ '0.000', '0.762' ]
 * ```
 */
export class Tanh extends Module {
  constructor(...none: []) {
    super();
    knownOptions("Tanh", none, []);
  }
  override forward(x: Tensor): Tensor {
    return ops.tanh(x);
  }
}

/**
 * x · Φ(x), or its approximation by tanh.
 * @example
 * ```ts
 * using x = torch.tensor([-1, 2], { dtype: "float64" });
 * using y = new torch.nn.GELU().call(x);
 * console.log(y.toNumbers().map((v) => v.toFixed(3))); // → [ '-0.159', '1.954' ]
 * ```
 */
export class GELU extends Module {
  readonly approximate: "none" | "tanh";
  constructor(approximate: "none" | "tanh" = "none", ...none: []) {
    super();
    knownOptions("GELU", none, []);
    if (approximate !== "none" && approximate !== "tanh") {
      throw notByName("GELU", "approximate", approximate, "'none' or 'tanh'");
    }
    this.approximate = approximate;
  }
  override forward(x: Tensor): Tensor {
    return ops.gelu(x, { approximate: this.approximate });
  }
  override extraRepr(): string {
    return `approximate='${this.approximate}'`;
  }
}

/**
 * ln(1 + e^(β x)) / β, and x itself where β x is above `threshold`.
 * @example
 * ```ts
 * using x = torch.tensor([0, 30], { dtype: "float64" });
 * using y = new torch.nn.Softplus().call(x);
 * console.log(y.toNumbers().map((v) => v.toFixed(3))); // → [ '0.693', '30.000' ]
 * ```
 */
export class Softplus extends Module {
  readonly beta: number;
  readonly threshold: number;
  constructor(beta = 1, threshold = 20, ...none: []) {
    super();
    knownOptions("Softplus", none, []);
    requireNumbers("Softplus", { beta, threshold });
    this.beta = beta;
    this.threshold = threshold;
  }
  override forward(x: Tensor): Tensor {
    return ops.softplus(x, this.beta, this.threshold);
  }
  override extraRepr(): string {
    return `beta=${pyFloat(this.beta)}, threshold=${pyFloat(this.threshold)}`;
  }
}

/**
 * x, or below 0 a learned slope times x: one slope for all channels, or `numParameters` = channels of them.
 * @example
 * ```ts
 * using layer = new torch.nn.PReLU();
 * using x = torch.tensor([-4, 2]);
 * using y = layer.call(x);
 * console.log(y.toNumbers(), layer.weight.shape); // → [ -1, 2 ] [ 1 ]
 * ```
 */
export class PReLU extends Module {
  readonly numParameters: number;
  readonly init: number;
  weight: Parameter;

  /** @param options `init`: the slope to begin with, 0.25 */
  constructor(numParameters = 1, ...options: Given<{ readonly init?: number | undefined }>) {
    super();
    const { init = 0.25 } = knownOptions("PReLU", options, ["init"]);
    requireNumbers("PReLU", { numParameters, init });
    this.numParameters = numParameters;
    this.init = init;
    this.weight = new Parameter(ops.empty([numParameters]));
    this.resetParameters();
  }
  resetParameters(): void {
    constant_(this.weight, this.init);
  }
  override forward(x: Tensor): Tensor {
    return ops.prelu(x, this.weight);
  }
  override extraRepr(): string {
    return `num_parameters=${this.numParameters}`;
  }
}

// Where no dimension is given, PyTorch takes the channels of a batch, or of a single sample.
function implicitDim(ndim: number): number {
  return ndim === 0 || ndim === 1 || ndim === 3 ? 0 : 1;
}

/**
 * Exponentials that sum to 1 along `dim`; null: dimension 0 of tensors of 0, 1 or 3 dimensions, else 1.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const x = torch.tensor([[1, 1], [-20, 20]]);
 * const y = new torch.nn.Softmax(1).call(x);
 * console.log(y.round().toArray()); // → [ [ 0, 0 ], [ 0, 1 ] ]
 * ```
 */
export class Softmax extends Module {
  readonly dim: number | null;
  constructor(dim: number | null = null, ...none: []) {
    super();
    knownOptions("Softmax", none, []);
    if (dim !== null) requireNumbers("Softmax", { dim });
    this.dim = dim;
  }
  override forward(x: Tensor): Tensor {
    return ops.softmax(x, this.dim ?? implicitDim(x.ndim));
  }
  override extraRepr(): string {
    return `dim=${this.dim ?? "None"}`;
  }
}

/**
 * The logarithm of `Softmax`.
 * @example
 * ```ts
 * using x = torch.tensor([[1, 1, 1, 1]], { dtype: "float64" });
 * using y = new torch.nn.LogSoftmax(1).call(x);
 * console.log(y.toNumbers().every((v) => v === -Math.log(4))); // → true
 * ```
 */
export class LogSoftmax extends Module {
  readonly dim: number | null;
  constructor(dim: number | null = null, ...none: []) {
    super();
    knownOptions("LogSoftmax", none, []);
    if (dim !== null) requireNumbers("LogSoftmax", { dim });
    this.dim = dim;
  }
  override forward(x: Tensor): Tensor {
    return ops.logSoftmax(x, this.dim ?? implicitDim(x.ndim));
  }
  override extraRepr(): string {
    return `dim=${this.dim ?? "None"}`;
  }
}
