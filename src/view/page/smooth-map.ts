/**
 * A map of which single voxels are no more than noise, smoothed by a Gaussian: outside, there is nothing.
 * @param shape how many voxels it has in each direction, that which changes fastest first.
 * @param sigma in voxels.
 */
export function smoothMap(values: Float32Array, shape: readonly number[], sigma: number): Float32Array {
  if (sigma === 0) return values.slice();
  const reach = Math.ceil(3 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2)));
  const sum = weights.reduce((all, weight) => all + weight, 0);
  let from = values;
  let stride = 1;
  for (const length of shape) {
    const to = new Float32Array(from.length);
    for (let i = 0; i < from.length; i++) {
      const at = Math.floor(i / stride) % length;
      let value = 0;
      for (let k = Math.max(-reach, -at); k <= Math.min(reach, length - 1 - at); k++) {
        value += (weights[k + reach] ?? 0) * (from[i + k * stride] ?? 0);
      }
      to[i] = value / sum;
    }
    from = to;
    stride *= length;
  }
  return from;
}
