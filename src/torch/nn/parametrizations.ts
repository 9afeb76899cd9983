/** `torch.nn.utils.parametrizations`: ready-made ones. */
import { type Given, knownOptions, requireNumbers } from "../arguments.ts";
import { noGrad } from "../autograd.ts";
import * as ops from "../ops.ts";
import { tidy } from "../scope.ts";
import type { Tensor } from "../tensor.ts";
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from "./conv-transpose.ts";
import { type AnyModule, Module } from "./module.ts";
import { type Parametrization, registerParametrization } from "./parametrize.ts";

class WeightNorm extends Module<Tensor[], Tensor> implements Parametrization {
  readonly #dim: number;
  constructor(dim: number) {
    super();
    this.#dim = dim;
  }
  override forward(...[g, v]: Tensor[]): Tensor {
    if (g === undefined || v === undefined) throw new TypeError("weightNorm: expected a length and a direction.");
    return ops._weightNorm(v, g, this.#dim);
  }
  rightInverse(weight: Tensor): Tensor[] {
    return [ops.normExceptDim(weight, 2, this.#dim), weight.clone()];
  }
}

export interface WeightNormOptions {
  /** The dimension whose parts have a length each, or null for one length of all; default 0. */
  readonly dim?: number | null | undefined;
}

/**
 * A weight as a length and a direction (Salimans and Kingma 2016): `parametrizations.<name>.original0` is g, `original1` v,
 * and the weight g · v / ‖v‖.
 * @example
 * ```ts
 * using layer = torch.nn.utils.parametrizations.weightNorm(new torch.nn.Linear(4, 2));
 * const [, length, direction] = layer.stateDict().keys();
 * console.log(length, direction); // → parametrizations.weight.original0 parametrizations.weight.original1
 * ```
 */
export function weightNorm<M extends AnyModule>(module: M, name = "weight", ...options: Given<WeightNormOptions>): M {
  const { dim = 0 } = knownOptions("weightNorm", options, ["dim"]);
  return registerParametrization(module, name, new WeightNorm(dim ?? -1), { unsafe: true });
}

interface PowerMethod {
  readonly iterations: number;
  readonly eps: number;
  readonly dim: number;
}

class SpectralNorm extends Module<Tensor[], Tensor> implements Parametrization {
  declare _u: Tensor;
  declare _v: Tensor;
  readonly #method: PowerMethod;
  readonly #isVector: boolean;

  constructor(weight: Tensor, method: PowerMethod) {
    super();
    const dim = method.dim < 0 ? method.dim + weight.ndim : method.dim;
    this.#method = { ...method, dim };
    this.#isVector = weight.ndim === 1;
    if (this.#isVector) return;
    using _ = noGrad();
    const [u, v] = tidy(() => {
      const matrix = this.#matrix(weight);
      const [height = 0, width = 0] = matrix.shape;
      const draw = (length: number) => {
        const drawn = ops.empty([length], { dtype: weight.dtype, device: weight.device });
        return this.#unit(ops.normal_(drawn, 0, 1));
      };
      return [draw(height), draw(width)] as const;
    });
    this.registerBuffer("_u", u);
    this.registerBuffer("_v", v);
    tidy(() => {
      this.#iterate(this.#matrix(weight), 15);
      return [];
    });
  }

  #unit(x: Tensor): Tensor {
    return ops.div(x, ops.clampMin(ops.linalgVectorNorm(x, 2, [0], true), this.#method.eps));
  }

  #matrix(weight: Tensor): Tensor {
    const { dim } = this.#method;
    const moved = dim === 0 ? weight : ops.movedim(weight, [dim], [0]);
    return ops.flatten(moved, 1);
  }

  #iterate(matrix: Tensor, count: number): void {
    for (let i = 0; i < count; i++) {
      this._u.copy_(this.#unit(ops.mv(matrix, this._v)));
      this._v.copy_(this.#unit(ops.mv(ops.t(matrix), this._u)));
    }
  }

  override forward(...[weight]: Tensor[]): Tensor {
    if (weight === undefined) throw new TypeError("spectralNorm: expected a weight.");
    return tidy(() => {
      if (this.#isVector) return this.#unit(weight);
      const matrix = this.#matrix(weight);
      if (this.training) {
        using _ = noGrad();
        this.#iterate(matrix.detach(), this.#method.iterations);
      }
      // copies: a later call changes the vectors, and this one's backward pass needs them as they are
      const sigma = ops.vdot(this._u.clone(), ops.mv(matrix, this._v.clone()));
      return ops.div(weight, sigma);
    });
  }

  rightInverse(value: Tensor): Tensor {
    return value;
  }
}

export interface SpectralNormOptions {
  /** Steps of the power method for each computation in training; default 1. */
  readonly nPowerIterations?: number | undefined;
  /** Default 1e-12. */
  readonly eps?: number | undefined;
  /** The dimension of the outputs; default 0, and 1 of transposed convolutions. */
  readonly dim?: number | undefined;
}

/**
 * A weight divided by its largest singular value (Miyato et al. 2018), which the power method estimates.
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.Linear(4, 2);
 * torch.nn.init.constant_(layer.weight, 1); // of singular values √8 and 0
 * torch.nn.utils.parametrizations.spectralNorm(layer);
 * console.log(layer.weight.norm().item().toFixed(3)); // → 1.000
 * ```
 */
export function spectralNorm<M extends AnyModule>(
  module: M,
  name = "weight",
  ...options: Given<SpectralNormOptions>
): M {
  const given = knownOptions("spectralNorm", options, ["nPowerIterations", "eps", "dim"]);
  const transposed = [ConvTranspose1d, ConvTranspose2d, ConvTranspose3d].some((type) => module instanceof type);
  const { nPowerIterations: iterations = 1, eps = 1e-12, dim = transposed ? 1 : 0 } = given;
  requireNumbers("spectralNorm", { nPowerIterations: iterations, eps, dim });
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new RangeError(`spectralNorm: nPowerIterations got ${iterations}. Expected a whole number from 1.`);
  const weight: unknown = Reflect.get(module, name);
  if (!isTensor(weight)) throw new TypeError(`spectralNorm: ${module.constructor.name} has no tensor '${name}'.`);
  return registerParametrization(module, name, new SpectralNorm(weight, { iterations, eps, dim }));
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "handleFor" in value;
}
