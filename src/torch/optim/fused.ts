import { native } from "../native.ts";
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
  return native.sameLayouts(
    updates.map(({ param, grad, state }) => {
      const handles = [param.handleFor("step"), grad.handleFor("step")];
      for (const name of stateNames) {
        const own = state[name];
        if (own !== undefined) handles.push(own.handleFor("step"));
      }
      return handles;
    }),
  );
}
