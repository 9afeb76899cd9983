/** The spatial size after a convolution. */
export function convOutSize(
  inSize: readonly number[],
  kernelSize: readonly number[],
  stride: readonly number[],
  padding: readonly number[],
  dilation: readonly number[],
): number[] {
  return inSize.map((length, i) => {
    const reach = (dilation[i] ?? 1) * ((kernelSize[i] ?? 1) - 1) + 1;
    return Math.floor((length + 2 * (padding[i] ?? 0) - reach) / (stride[i] ?? 1)) + 1;
  });
}
