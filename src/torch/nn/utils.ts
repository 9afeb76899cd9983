/** `torch.nn.utils`: gradients limited, parameters as one vector. */
import { show } from "../../utils/config.ts";
import { type Given, knownOptions, requireNumbers } from "../arguments.ts";
import { noGrad } from "../autograd.ts";
import * as ops from "../ops.ts";
import { Tensor } from "../tensor.ts";

/** `nn.utils.parametrizations.weightNorm(layer)` and `spectralNorm(layer)`. */
export * as parametrizations from "./parametrizations.ts";
/** `nn.utils.parametrize.registerParametrization(layer, "weight", …)` and its kin. */
export * as parametrize from "./parametrize.ts";

export interface ClipGradNormOptions {
  /** The p of the norm, which may be infinite; default 2. */
  readonly normType?: number | undefined;
  /** Whether a norm that is NaN or infinite is an error, before anything is changed; default false. */
  readonly errorIfNonfinite?: boolean | undefined;
}

/**
 * Scales all gradients by one factor, so that their norm together is at most `maxNorm`. Parameters without a gradient are
 * passed over.
 *
 * @returns the norm before, without dimensions, on the device of the first gradient; 0 where there are none
 * @example
 * ```ts
 * using scope = torch.scope();
 * const layer = new torch.nn.Linear(1, 1, { bias: false });
 * layer.call(torch.tensor([8])).backward();
 * const norm = torch.nn.utils.clipGradNorm_(layer.parameters(), 1);
 * console.log(norm.item()); // → 8
 * ```
 */
export function clipGradNorm_(
  parameters: Tensor | Iterable<Tensor>,
  maxNorm: number,
  ...options: Given<ClipGradNormOptions>
): Tensor {
  const name = "clipGradNorm_";
  const { normType = 2, errorIfNonfinite = false } = knownOptions(name, options, ["normType", "errorIfNonfinite"]);
  requireNumbers(name, { maxNorm, normType });
  using _ = noGrad();
  using owned = new DisposableStack();
  const own = (tensor: Tensor): Tensor => owned.use(tensor);
  const gradients = gradientsOf(name, parameters).map(own);
  const [first] = gradients;
  if (first === undefined) return ops.zeros([]);
  const { device } = first;
  const norms = gradients.map((gradient) => own(own(ops.linalgVectorNorm(gradient, normType)).to({ device })));
  const total = ops.linalgVectorNorm(own(ops.stack(norms)), normType);
  if (errorIfNonfinite && !Number.isFinite(total.item())) {
    const text = String(total.item());
    total.dispose();
    throw new RangeError(`${name}: the norm of the gradients is ${text}, so they cannot be clipped.`);
  }
  // it stays on its device: nothing is waited for
  const factor = own(ops.clamp(own(ops.mul(own(ops.reciprocal(own(ops.add(total, 1e-6)))), maxNorm)), null, 1));
  for (const gradient of gradients) {
    const { device: there } = gradient;
    ops.mul_(gradient, there === device ? factor : own(factor.to({ device: there })));
  }
  return total;
}

/**
 * Brings each value of the gradients into [-clipValue, clipValue].
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(1, 1, { bias: false });
 * using x = torch.tensor([8]);
 * using y = layer.call(x);
 * y.backward();
 * torch.nn.utils.clipGradValue_(layer.parameters(), 0.5);
 * using gradient = layer.weight.grad;
 * console.log(gradient?.item()); // → 0.5
 * ```
 */
export function clipGradValue_(parameters: Tensor | Iterable<Tensor>, clipValue: number): void {
  requireNumbers("clipGradValue_", { clipValue });
  using _ = noGrad();
  for (const each of gradientsOf("clipGradValue_", parameters)) {
    using gradient = each;
    ops.clamp_(gradient, -clipValue, clipValue);
  }
}

/**
 * All parameters one after the other, in one dimension: a new tensor, through which gradients flow.
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * using vector = torch.nn.utils.parametersToVector(layer.parameters());
 * console.log(vector.shape); // → [ 10 ]
 * ```
 */
export function parametersToVector(parameters: Iterable<Tensor>): Tensor {
  const list = tensorsOf("parametersToVector", parameters);
  if (list.length === 0) throw new RangeError("parametersToVector: there are no parameters.");
  sameDevice("parametersToVector", list);
  using owned = new DisposableStack();
  return ops.cat(list.map((parameter) => owned.use(ops.reshape(parameter, [-1]))));
}

/**
 * Writes the parts of a vector into parameters, as {@link parametersToVector} joined them. The values are copied.
 * @throws RangeError when it does not have as many elements as the parameters; nothing is written then
 * @example
 * ```ts
 * using layer = new torch.nn.Linear(4, 2);
 * using ones = torch.ones([10]);
 * torch.nn.utils.vectorToParameters(ones, layer.parameters());
 * console.log(layer.bias?.toNumbers()); // → [ 1, 1 ]
 * ```
 */
export function vectorToParameters(vector: Tensor, parameters: Iterable<Tensor>): void {
  const name = "vectorToParameters";
  if (!(vector instanceof Tensor)) throw new TypeError(`${name}: the vector got ${show(vector)}. Expected a Tensor.`);
  const list = tensorsOf(name, parameters);
  const wanted = list.reduce((sum, parameter) => sum + parameter.numel(), 0);
  const { shape } = vector;
  if (shape.length !== 1 || shape[0] !== wanted) {
    throw new RangeError(`${name}: the vector has shape [${shape.join(", ")}], and the parameters ${wanted} elements.`);
  }
  sameDevice(name, [vector, ...list]);
  using _ = noGrad();
  let at = 0;
  for (const parameter of list) {
    const count = parameter.numel();
    using part = ops.narrow(vector, 0, at, count);
    using shaped = ops.reshape(part, [...parameter.shape]);
    parameter.copy_(shaped);
    at += count;
  }
}

function tensorsOf(name: string, given: unknown): Tensor[] {
  if (given instanceof Tensor) return [given];
  if (typeof given !== "object" || given === null || !(Symbol.iterator in given)) {
    throw new TypeError(`${name}: parameters got ${show(given)}. Expected tensors, such as net.parameters().`);
  }
  const out: Tensor[] = [];
  for (const each of given as Iterable<unknown>) {
    if (!(each instanceof Tensor)) throw new TypeError(`${name}: a parameter got ${show(each)}. Expected a Tensor.`);
    out.push(each);
  }
  return out;
}

/** New objects, to be disposed. */
function gradientsOf(name: string, parameters: unknown): Tensor[] {
  return tensorsOf(name, parameters).flatMap((parameter) => parameter.grad ?? []);
}

function sameDevice(name: string, tensors: readonly Tensor[]): void {
  const devices = new Set(tensors.map((tensor) => tensor.device));
  if (devices.size > 1)
    throw new RangeError(`${name}: the tensors are on several devices: ${[...devices].join(", ")}.`);
}
