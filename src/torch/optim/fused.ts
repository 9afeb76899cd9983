import type { Tensor } from "../tensor.ts";
import type { Update } from "./optimizer.ts";

/**
 * Whether libtorch's fused kernel may update these parameters. On the CPU it is several times faster than one operator
 * after the other and agrees with them to rounding, so it is the default for float32 and float64; `fused: false` or
 * `foreach: true` turns it off. It walks over the memory of parameter, gradient and state side by side, so their
 * layouts must be equal. On CUDA the kernels over lists of tensors are the default, as in PyTorch.
 */
export function canFuse(
  options: { fused?: boolean | null; foreach: boolean | null },
  updates: readonly Update[],
  stateNames: readonly string[],
): boolean {
  const first = updates[0]?.param;
  if (first === undefined || options.fused === false || options.foreach === true) return false;
  if (first.device !== "cpu" || (first.dtype !== "float32" && first.dtype !== "float64")) return false;
  return updates.every(({ param, grad, state }) => {
    const layout = layoutOf(param);
    return (
      layout !== undefined &&
      grad.dtype === param.dtype &&
      layoutOf(grad) === layout &&
      stateNames.every((name) => {
        const own = state[name];
        return own === undefined || layoutOf(own) === layout;
      })
    );
  });
}

/** Shape, and the order of the elements in memory; undefined if they do not fill it without gaps. */
function layoutOf(tensor: Tensor): string | undefined {
  const stride = tensor.stride();
  const { shape } = tensor;
  // a dimension of length 1 says nothing about the order
  const dims = shape
    .map((length, dim) => ({ length, step: stride[dim] ?? 0, dim }))
    .filter(({ length }) => length !== 1);
  const order = dims.sort((a, b) => a.step - b.step);
  let expected = 1;
  for (const { length, step } of order) {
    if (step !== expected) return undefined;
    expected *= length;
  }
  return `${shape.join("×")} ${order.map(({ dim }) => dim).join(",")}`;
}
