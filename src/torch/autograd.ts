/** Gradient mode, gradients of several outputs, anomaly detection. */
import { native } from "./native.ts";
import { Regions } from "./regions.ts";
import { Tensor } from "./tensor.ts";

const gradMode = new Regions(
  "noGrad",
  () => native.gradEnabled(),
  (enabled: boolean) => native.setGradEnabled(enabled),
);

function withMode<T>(enabled: boolean, body: (() => T) | undefined): T | Disposable {
  return body === undefined ? gradMode.enter(enabled) : gradMode.run(enabled, body);
}

/**
 * No gradients are recorded: in `body`, or until the returned guard is disposed (`using _ = torch.noGrad()`).
 * @example
 * ```ts
 * using weight = torch.tensor([2], { requiresGrad: true });
 * using inside = torch.noGrad(() => weight.mul(3));
 * using outside = weight.mul(3);
 * console.log(inside.requiresGrad, outside.requiresGrad); // → false true
 * ```
 */
export function noGrad(): Disposable;
export function noGrad<T>(body: () => T): T;
export function noGrad<T>(body?: () => T): T | Disposable {
  return withMode(false, body);
}

/**
 * Gradients are recorded again, inside a region without.
 * @example
 * ```ts
 * using weight = torch.tensor([2], { requiresGrad: true });
 * using product = torch.noGrad(() => torch.enableGrad(() => weight.mul(3)));
 * console.log(product.requiresGrad); // → true
 * ```
 */
export function enableGrad(): Disposable;
export function enableGrad<T>(body: () => T): T;
export function enableGrad<T>(body?: () => T): T | Disposable {
  return withMode(true, body);
}

/**
 * Whether gradients are recorded at present.
 * @example
 * ```ts
 * console.log(torch.isGradEnabled(), torch.noGrad(() => torch.isGradEnabled())); // → true false
 * ```
 */
export function isGradEnabled(): boolean {
  return native.gradEnabled();
}

export interface BackwardOptions {
  readonly gradients?: readonly (Tensor | null)[] | undefined;
  readonly retainGraph?: boolean | undefined;
  readonly createGraph?: boolean | undefined;
}

/**
 * Gradients of all `tensors` together, added to the `grad` of the leaves.
 * @example
 * ```ts
 * using x = torch.tensor(3, { requiresGrad: true });
 * using square = x.mul(x);
 * using double = x.mul(2);
 * torch.autograd.backward([square, double]);
 * using gradient = x.grad; // 2 · 3 + 2
 * console.log(gradient?.item()); // → 8
 * ```
 */
export function backward(tensors: readonly Tensor[], options: BackwardOptions = {}): void {
  const create = options.createGraph ?? false;
  native.backward(
    tensors.map((t) => t.handleFor("backward")),
    (options.gradients ?? tensors.map(() => null)).map((g) => (g === null ? null : g.handleFor("backward"))),
    options.retainGraph ?? create,
    create,
  );
}

/**
 * The gradients of `outputs` with respect to `inputs`, returned instead of stored.
 * @example
 * ```ts
 * using x = torch.tensor(3, { requiresGrad: true });
 * using square = x.mul(x);
 * const [gradient] = torch.autograd.grad(square, x);
 * console.log(gradient?.item(), x.grad); // → 6 null
 * gradient?.dispose();
 * ```
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: BackwardOptions & { readonly allowUnused?: boolean | undefined } = {},
): (Tensor | null)[] {
  const outs = outputs instanceof Tensor ? [outputs] : outputs;
  const ins = inputs instanceof Tensor ? [inputs] : inputs;
  const create = options.createGraph ?? false;
  return native
    .gradOf(
      outs.map((t) => t.handleFor("grad")),
      ins.map((t) => t.handleFor("grad")),
      (options.gradients ?? outs.map(() => null)).map((g) => (g === null ? null : g.handleFor("grad"))),
      options.retainGraph ?? create,
      create,
      options.allowUnused ?? false,
    )
    .map((handle) => (handle === null ? null : new Tensor(handle)));
}

/**
 * Within `body`, `backward` fails at the first function that returns NaN, and names it. Slow: for finding errors.
 * @example
 * ```ts
 * using x = torch.tensor(-1, { requiresGrad: true });
 * try {
 *   torch.autograd.detectAnomaly(() => {
 *     using root = x.sqrt();
 *     root.backward();
 *   });
 * } catch (error) {
 *   console.log(String(error).includes("SqrtBackward0")); // → true
 * }
 * ```
 */
export function detectAnomaly<T>(body: () => T, options: { checkNan?: boolean } = {}): T {
  const before = native.anomaly();
  native.setAnomaly(true, options.checkNan ?? true);
  try {
    return body();
  } finally {
    native.setAnomaly(before, true);
  }
}
