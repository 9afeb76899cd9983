import * as ops from "./generated/functions.ts";
import { native } from "./native.ts";
import { Tensor } from "./tensor.ts";

/**
 * Zeroes each element with probability `p` and scales the others by 1 / (1 − p), in training; the input otherwise.
 * On the CPU the draws are those of PyTorch 2.6 from the same seed (libtorch 2.15's own differ).
 *
 * @throws RangeError where p is not in [0, 1]
 */
export function dropout(x: Tensor, p: number, training: boolean): Tensor {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`dropout probability has to be between 0 and 1, but got ${p}`);
  if (!training || p === 0) return x;
  if (x.device !== "cpu") return ops.dropout(x, p, true);
  return dropBy(x, x, p);
}

/** Zeroes each channel of (N, C, …) with probability `p` above 0, by one draw each, and scales the others. */
export function featureDropout(x: Tensor, p: number): Tensor {
  if (x.device !== "cpu") return ops.featureDropout(x, p, true);
  using channels = ops.empty([x.size(0), x.size(1), ...x.shape.slice(2).map(() => 1)], { dtype: x.dtype });
  return dropBy(x, channels, p);
}

/** @param drawn a tensor of the shape, dtype and layout of the draws */
function dropBy(x: Tensor, drawn: Tensor, p: number): Tensor {
  if (p === 1) return ops.mul(x, 0);
  using noise = new Tensor(native.bernoulliLike(drawn.handleFor("dropout"), 1 - p, 1 / (1 - p)));
  return ops.mul(x, noise);
}
